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

    private static ReadOnlySpan<byte> Field(RequestHead request, KnownHeader known) =>
        request.Fields.TryGet(known, out var value) ? value : default;
}
