using System.Text;
using LoadBalancer.Http.Policies;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Telemetry;

/// <summary>
/// The texts of a request that logs print, and how much of them: a client chooses them, so each is bounded, and all of them together fit a
/// line whatever they are.
/// </summary>
internal static class ClientText
{
    public const int MostMethod = 32;
    public const int MostHost = 256;
    public const int MostRequestId = 128;
    public const int MostPath = 2048;
    public const int MostQuery = 2048;
    public const int MostReferer = 1024;
    public const int MostUserAgent = 512;

    /// <summary>Of who calls.</summary>
    public const int MostIdentity = 256;

    /// <summary>Of what policies would have refused.</summary>
    public const int MostShadow = 256;

    /// <summary>Of a name in the file: a listener, a route, an upstream.</summary>
    public const int MostName = 512;

    /// <summary>The path as it was sent: the target up to its question mark; empty where there is no target.</summary>
    public static ReadOnlySpan<byte> RawPath(RequestHead request)
    {
        var target = request.Target;
        var mark = target.IndexOf((byte)'?');
        return mark < 0 ? target : target[..mark];
    }

    /// <summary>The query as it was sent, without its question mark; empty where there is none.</summary>
    public static ReadOnlySpan<byte> Query(RequestHead request)
    {
        var target = request.Target;
        var mark = target.IndexOf((byte)'?');
        return mark < 0 ? default : target[(mark + 1)..];
    }

    /// <summary>The user agent; empty where it names none.</summary>
    public static ReadOnlySpan<byte> UserAgent(RequestHead request) => Field(request, KnownHeader.UserAgent);

    /// <summary>The page that led here, without its query where <paramref name="fields"/> ask for none; empty where there is none.</summary>
    public static ReadOnlySpan<byte> Referer(RequestHead request, AccessLogFields fields)
    {
        var referer = Field(request, KnownHeader.Referer);
        if ((fields & AccessLogFields.Query) == 0 && referer.IndexOfAny((byte)'?', (byte)'#') is >= 0 and var end)
        {
            referer = referer[..end];
        }

        return referer;
    }

    /// <summary>The version as the request line has it.</summary>
    public static ReadOnlySpan<byte> Version(RequestHead request) => request.Version switch
    {
        ProtocolVersion.Http10 => "HTTP/1.0"u8,
        ProtocolVersion.Http2 => "HTTP/2.0"u8,
        _ => "HTTP/1.1"u8,
    };

    /// <summary>What policies that are only watched would have refused, each by its word and the reason: <c>auth:credential_missing</c>; empty for nothing.</summary>
    /// <param name="exchange">The exchange.</param>
    /// <param name="text">Takes it; <see cref="MostShadow"/> bytes, and what goes beyond is left out.</param>
    public static ReadOnlySpan<byte> Shadow(Exchange exchange, Span<byte> text)
    {
        var length = 0;
        if (exchange.Route is { Policies.HasShadow: true })
        {
            foreach (ref readonly var decision in exchange.Decisions.Decisions)
            {
                if (decision.Outcome.Verdict != PolicyVerdict.WouldRefuse)
                {
                    continue;
                }

                var refusal = new PolicyRefusal(decision.Policy, decision.Outcome.Fault.Kind, true);
                if (length + refusal.Policy.Length + refusal.Reason.Length + 2 > text.Length)
                {
                    break;
                }

                length += length > 0 ? Encoding.ASCII.GetBytes(",", text[length..]) : 0;
                length += Encoding.ASCII.GetBytes(refusal.Policy, text[length..]);
                length += Encoding.ASCII.GetBytes(":", text[length..]);
                length += Encoding.ASCII.GetBytes(refusal.Reason, text[length..]);
            }
        }

        return text[..length];
    }

    private static ReadOnlySpan<byte> Field(RequestHead request, KnownHeader known) =>
        request.Fields.TryGet(known, out var value) ? value : default;
}
