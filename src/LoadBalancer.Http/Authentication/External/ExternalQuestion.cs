using System.Collections.Frozen;
using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Authentication.External;

/// <summary>
/// What a check service is sent about requests: the lines of a head, which are at once what its answer is remembered by, so that nothing can be sent that
/// the memory does not look at. Immutable and thread-safe.
/// </summary>
/// <remarks>The path is the canonical one, by which lb has routed and which it forwards: a service that read another one would be asked about another request.</remarks>
internal sealed class ExternalQuestion
{
    // How the names of lb's own cookies begin, see LoginCookies.
    private static readonly byte[] Own = "__Host-lb"u8.ToArray();

    private static readonly FrozenSet<string> OwnFields = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "X-Original-Method", "X-Original-Host", "X-Original-Uri", "X-Forwarded-For", "X-Forwarded-Proto", "Host", "User-Agent", "Connection", "Keep-Alive", "Proxy-Connection",
        "TE", "Trailer", "Transfer-Encoding", "Upgrade", "HTTP2-Settings", "Expect", "Allow", "Expires", "Last-Modified");

    private readonly (KnownHeader Known, byte[] Name)[] _sent;

    /// <summary>
    /// True where a field of that name cannot be sent: lb says it itself, it is about the connection or the content, of which the question has another or none, or
    /// it is read as one of these by whoever takes an underscore for a hyphen.
    /// </summary>
    public static bool IsOwn(string name)
    {
        var plain = name.Replace('_', '-');
        return plain.StartsWith("Content-", StringComparison.OrdinalIgnoreCase) || OwnFields.Contains(plain);
    }

    /// <summary>The question with these fields of the request.</summary>
    public ExternalQuestion(IEnumerable<string> sent) =>
        _sent = [.. sent.Select(Encoding.ASCII.GetBytes).Select(name => (KnownHeaders.Find(name), name))];

    /// <summary>The fields of a request that are sent, see <see cref="Write"/>; one that stands twice could be two callers' (but for cookies, which HTTP/2 sends so).</summary>
    public FaultKind Check(HeaderList fields)
    {
        foreach (var (known, name) in _sent)
        {
            if (known != KnownHeader.Cookie && fields.Find(known, name) is >= 0 and var at && fields.Find(name, at + 1) >= 0)
            {
                return FaultKind.CredentialAmbiguous;
            }
        }

        return FaultKind.None;
    }

    /// <summary>True where the request has one of the fields that are sent.</summary>
    public bool HasAny(HeaderList fields) => Array.Exists(_sent, field => fields.Find(field.Known, field.Name) >= 0);

    /// <summary>
    /// The lines, each <c>Name: value</c> with a line feed behind it, which no value can have. Behind the bytes of the request's own list, so that nothing is
    /// allocated: valid until something is added there.
    /// </summary>
    public ReadOnlySpan<byte> Write(Exchange exchange)
    {
        var fields = exchange.Request.Fields;
        var lines = new LineWriter(fields.Room(Length(exchange)));
        var request = exchange.Request;
        lines.Add("X-Original-Method"u8, request.MethodText);
        lines.Add("X-Original-Host"u8, request.Authority);
        lines.Add("X-Original-Uri"u8, request.Path, request.HasQuery ? "?"u8 : default, request.Query);
        lines.Add("X-Forwarded-Proto"u8, exchange.IsClientSecure ? "https"u8 : "http"u8);
        if (fields.TryGet(KnownHeader.XForwardedFor, out var client))
        {
            lines.Add("X-Forwarded-For"u8, client);
        }

        foreach (var (known, name) in _sent)
        {
            for (var at = fields.Find(known, name); at >= 0; at = fields.Find(name, at + 1))
            {
                var value = fields.Value(at);
                if (known == KnownHeader.Cookie && value.IndexOf(Own) >= 0)
                {
                    // A sealed session is for lb alone: a service that has one could log in with it.
                    lines.AddOthers(name, value, Own);
                }
                else
                {
                    lines.Add(name, value);
                }
            }
        }

        return lines.Written;
    }

    /// <summary>The request for a service out of the lines. Cookies become one field, as HTTP/1.1 has them (RFC 9113 section 8.2.3).</summary>
    public static HttpRequestMessage Read(Uri address, string lines)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, address);
        var cookies = new List<string>();
        foreach (var line in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var (name, value) = (line[..colon], line[(colon + 2)..]);
            if (name.Equals("Cookie", StringComparison.OrdinalIgnoreCase))
            {
                cookies.Add(value);
            }
            else
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }
        }

        if (cookies.Count > 0)
        {
            request.Headers.TryAddWithoutValidation("Cookie", string.Join("; ", cookies));
        }

        return request;
    }

    /// <summary>Takes what is sent out of a request.</summary>
    public void Remove(HeaderList fields)
    {
        foreach (var (_, name) in _sent)
        {
            fields.Remove(name);
        }
    }

    // A bound: names and values that are there, and what stands around them.
    private int Length(Exchange exchange)
    {
        const int Own = 128;
        var (fields, request) = (exchange.Request.Fields, exchange.Request);
        var length = Own + request.MethodText.Length + request.Authority.Length + request.Path.Length + request.Query.Length;
        length += fields.TryGet(KnownHeader.XForwardedFor, out var client) ? client.Length : 0;
        foreach (var (known, name) in _sent)
        {
            for (var at = fields.Find(known, name); at >= 0; at = fields.Find(name, at + 1))
            {
                // Cookies that are written anew have a blank behind each semicolon.
                length += name.Length + fields.Value(at).Length + ": \n".Length + (known == KnownHeader.Cookie ? fields.Value(at).Count((byte)';') : 0);
            }
        }

        return length;
    }

    private ref struct LineWriter(Span<byte> room)
    {
        private readonly Span<byte> _room = room;
        private int _length;

        public readonly ReadOnlySpan<byte> Written => _room[.._length];

        public void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, ReadOnlySpan<byte> more = default, ReadOnlySpan<byte> last = default)
        {
            Put(name);
            Put(": "u8);
            Put(value);
            Put(more);
            Put(last);
            Put("\n"u8);
        }

        /// <summary>The pairs of a Cookie field whose names do not begin so; no line where there are no others.</summary>
        public void AddOthers(ReadOnlySpan<byte> name, ReadOnlySpan<byte> cookies, ReadOnlySpan<byte> prefix)
        {
            var isFirst = true;
            foreach (var range in cookies.Split((byte)';'))
            {
                var pair = FieldText.Trim(cookies[range]);
                if (pair.IsEmpty || pair.StartsWith(prefix))
                {
                    continue;
                }

                Put(isFirst ? name : "; "u8);
                Put(isFirst ? ": "u8 : default);
                Put(pair);
                isFirst = false;
            }

            Put(isFirst ? default : "\n"u8);
        }

        private void Put(ReadOnlySpan<byte> bytes)
        {
            bytes.CopyTo(_room[_length..]);
            _length += bytes.Length;
        }
    }
}
