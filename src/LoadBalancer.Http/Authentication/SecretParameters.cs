using System.Text;
using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Authentication;

/// <summary>
/// The query parameters in which credentials come. Whatever becomes of a request, and whichever route it is for, their values are in no log.
/// Immutable and thread-safe.
/// </summary>
internal sealed class SecretParameters
{
    private readonly byte[][] _names;

    private SecretParameters(byte[][] names) => _names = names;

    /// <summary>What stands in place of a value.</summary>
    private static ReadOnlySpan<byte> Hidden => "***"u8;

    /// <summary>These; null for none.</summary>
    public static SecretParameters? Of(IEnumerable<string> parameters)
    {
        byte[][] names = [.. parameters.Select(Encoding.UTF8.GetBytes)];
        return names.Length == 0 ? null : new SecretParameters(names);
    }

    /// <summary>Hides them in the target and in the Referer of a request that has ended: from here on nobody can read them. What is sent on is the request's query, not its target.</summary>
    public void Hide(RequestHead request)
    {
        var fields = request.Fields;
        request.TargetSlice = Hide(fields, request.TargetSlice);
        for (var at = fields.Find(KnownHeader.Referer); at >= 0; at = fields.Find(KnownHeader.Referer, at + 1))
        {
            var hidden = Hide(fields, new Slice(fields[at].ValueStart, fields[at].ValueLength));
            (fields[at].ValueStart, fields[at].ValueLength) = (hidden.Start, hidden.Length);
        }
    }

    /// <summary>The same address without the values; the same slice where there are none.</summary>
    private Slice Hide(HeaderList fields, Slice address)
    {
        var text = address.Of(fields);
        var mark = text.IndexOf((byte)'?');
        if (mark < 0 || !HasAny(text[(mark + 1)..]))
        {
            return address;
        }

        var start = fields.Append(text[..(mark + 1)]);
        var first = fields.Bytes.Length;
        var rest = text[(mark + 1)..];
        while (!rest.IsEmpty)
        {
            if (fields.Bytes.Length > first)
            {
                fields.Append("&"u8);
            }

            var pair = QueryText.Next(ref rest);
            var equals = pair.IndexOf((byte)'=');
            if (equals >= 0 && IsSecret(pair[..equals]))
            {
                fields.Append(pair[..(equals + 1)]);
                fields.Append(Hidden);
            }
            else
            {
                fields.Append(pair);
            }
        }

        return new Slice(start, fields.Bytes.Length - start);
    }

    private bool HasAny(ReadOnlySpan<byte> query)
    {
        foreach (var name in _names)
        {
            if (QueryText.Find(query, name, out _, out _))
            {
                return true;
            }
        }

        return false;
    }

    private bool IsSecret(ReadOnlySpan<byte> name)
    {
        foreach (var secret in _names)
        {
            if (QueryText.DecodesTo(name, secret))
            {
                return true;
            }
        }

        return false;
    }
}
