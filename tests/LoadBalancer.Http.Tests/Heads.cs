using System.Net;
using System.Text;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Tests;

/// <summary>Exchanges made of texts, without a connection.</summary>
internal static class Heads
{
    /// <summary>An exchange whose request has these fields, each <c>Name: value</c>.</summary>
    public static Exchange Request(string target, params string[] fields) => Refill(new Exchange(null!), target, fields);

    /// <summary>The same exchange with another request, as a pool would use it again.</summary>
    public static Exchange Refill(Exchange exchange, string target, params ReadOnlySpan<string> fields)
    {
        exchange.Reset();
        var request = exchange.Request;
        request.Method = RequestMethod.Get;
        request.MethodSlice = Append(request, "GET");
        var query = target.IndexOf('?', StringComparison.Ordinal);
        request.PathSlice = Append(request, query < 0 ? target : target[..query]);
        request.HasQuery = query >= 0;
        request.QuerySlice = Append(request, query < 0 ? "" : target[(query + 1)..]);
        foreach (var field in fields)
        {
            var colon = field.IndexOf(':', StringComparison.Ordinal);
            request.Fields.Add(Encoding.Latin1.GetBytes(field[..colon]), Encoding.Latin1.GetBytes(field[(colon + 1)..].Trim()));
            if (field.StartsWith("Host:", StringComparison.OrdinalIgnoreCase))
            {
                request.AuthoritySlice = Append(request, field[5..].Trim());
                request.HostSlice = Append(request, field[5..].Trim().Split(':')[0].ToLowerInvariant());
            }
        }

        exchange.Peer = new IPEndPoint(IPAddress.Parse("198.51.100.7"), 40000);
        exchange.Local = new IPEndPoint(IPAddress.Loopback, 8080);
        exchange.ClientAddress = IPAddress.Parse("198.51.100.7");
        return exchange;
    }

    /// <summary>The values of the fields of that name, in their order.</summary>
    public static string[] Values(this HeaderList fields, string name)
    {
        var values = new List<string>();
        var bytes = Encoding.ASCII.GetBytes(name);
        for (var at = fields.Find(bytes); at >= 0; at = fields.Find(bytes, at + 1))
        {
            values.Add(Encoding.Latin1.GetString(fields.Value(at)));
        }

        return [.. values];
    }

    /// <summary>Every field that is sent on, <c>Name: value</c>.</summary>
    public static string[] Lines(this HeaderList fields) =>
        [.. Enumerable.Range(0, fields.Count).Where(at => !fields[at].Removed).Select(at => $"{Encoding.Latin1.GetString(fields.Name(at))}: {Encoding.Latin1.GetString(fields.Value(at))}")];

    /// <summary>The bytes as text.</summary>
    public static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);

    private static Slice Append(RequestHead request, string text) =>
        new(request.Fields.Append(Encoding.Latin1.GetBytes(text)), text.Length);
}
