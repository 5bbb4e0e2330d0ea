using System.Text;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Tests.Caching;

/// <summary>Fields out of lines.</summary>
internal static class Fields
{
    /// <summary>The fields of lines <c>Name: value</c>.</summary>
    public static HeaderList Of(params ReadOnlySpan<string> lines)
    {
        var fields = new HeaderList();
        foreach (var line in lines)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            fields.Add(Encoding.Latin1.GetBytes(line[..colon]), Encoding.Latin1.GetBytes(line[(colon + 1)..].Trim()));
        }

        return fields;
    }

    /// <summary>A response with these fields and a body of 100 bytes.</summary>
    public static ResponseHead Response(int status, params ReadOnlySpan<string> lines)
    {
        var head = new ResponseHead { Status = status, Framing = BodyFraming.Length, ContentLength = 100 };
        head.Fields.CopyFrom(Of(lines));
        return head;
    }
}
