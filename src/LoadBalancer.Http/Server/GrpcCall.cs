using System.Text;
using LoadBalancer.Http.Server.Http1;

namespace LoadBalancer.Http.Server;

/// <summary>A call of gRPC, by the type of its messages (github.com/grpc/grpc, doc/PROTOCOL-HTTP2.md). One of gRPC-Web is none: it is told by statuses of HTTP.</summary>
internal static class GrpcCall
{
    /// <summary>The largest status that has a name (UNAUTHENTICATED).</summary>
    public const int MostNamed = 16;

    private const int MostTimeoutDigits = 8;
    private const int MostStatus = 999;

    /// <summary>A call whose caller waits for less is not sent: no endpoint answers in that time, and each would only have one more call to take back.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1);

    private static ReadOnlySpan<byte> Type => "application/grpc"u8;

    private static ReadOnlySpan<byte> WebType => "application/grpc-web"u8;

    private static ReadOnlySpan<byte> WebTextType => "application/grpc-web-text"u8;

    /// <summary>True where a request or response with these fields is one.</summary>
    public static bool Is(HeaderList fields) => fields.TryGet(KnownHeader.ContentType, out var type) && Is(type, Type);

    /// <summary>True where a response with these fields may be a stream of messages with long silences: one of gRPC, or of gRPC-Web.</summary>
    public static bool MayStream(HeaderList fields) =>
        fields.TryGet(KnownHeader.ContentType, out var type) && (Is(type, Type) || Is(type, WebType) || Is(type, WebTextType));

    /// <summary>The status of a response that is a call's: from its trailers, or from a head that is all there is; null where it is no call, or has none.</summary>
    public static int? StatusOf(HeaderList head, HeaderList? trailers) =>
        !Is(head) ? null : trailers is not null && Status(trailers) is { } status ? status : Status(head);

    /// <summary>The status of HTTP that one of gRPC stands for (google.rpc.Code); that of an unknown error for one that nobody knows.</summary>
    public static int HttpStatusOf(int status) => status switch
    {
        0 => 200,
        1 => 499,
        3 or 9 or 11 => 400,
        4 => 504,
        5 => 404,
        6 or 10 => 409,
        7 => 403,
        8 => 429,
        12 => 501,
        14 => 503,
        16 => 401,
        _ => 500,
    };

    /// <summary>
    /// How long the caller waits for the end of its call (the field grpc-timeout: up to eight digits and a unit); null where it is no call, says
    /// nothing, or something else.
    /// </summary>
    public static TimeSpan? TimeoutOf(HeaderList fields)
    {
        if (!Is(fields) || fields.Find("grpc-timeout"u8) is var at && at < 0)
        {
            return null;
        }

        var text = fields.Value(at);
        var ticks = text.IsEmpty ? 0 : text[^1] switch
        {
            (byte)'H' => TimeSpan.TicksPerHour,
            (byte)'M' => TimeSpan.TicksPerMinute,
            (byte)'S' => TimeSpan.TicksPerSecond,
            (byte)'m' => TimeSpan.TicksPerMillisecond,
            (byte)'u' => TimeSpan.TicksPerMicrosecond,
            // A tick is a hundred nanoseconds.
            (byte)'n' => 1,
            _ => 0,
        };
        if (ticks == 0 || text.Length > MostTimeoutDigits + 1 || DecimalLength.Parse(text[..^1]) is var number && number < 0)
        {
            return null;
        }

        return new TimeSpan(text[^1] == (byte)'n' ? number / 100 : number * ticks);
    }

    private static int? Status(HeaderList fields) =>
        fields.Find("grpc-status"u8) is var at and >= 0 && DecimalLength.Parse(fields.Value(at)) is var status and >= 0 and <= MostStatus ? (int)status : null;

    private static bool Is(ReadOnlySpan<byte> type, ReadOnlySpan<byte> wanted) =>
        type.Length >= wanted.Length && (type.Length == wanted.Length || type[wanted.Length] is (byte)'+' or (byte)';' or (byte)' ')
        && Ascii.EqualsIgnoreCase(type[..wanted.Length], wanted);
}
