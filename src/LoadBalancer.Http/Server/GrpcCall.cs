using System.Text;

namespace LoadBalancer.Http.Server;

/// <summary>A call of gRPC, by the type of its messages (github.com/grpc/grpc, doc/PROTOCOL-HTTP2.md). One of gRPC-Web is none: it is told by statuses of HTTP.</summary>
internal static class GrpcCall
{
    private static ReadOnlySpan<byte> Type => "application/grpc"u8;

    /// <summary>True where a request or response with these fields is one.</summary>
    public static bool Is(HeaderList fields) =>
        fields.TryGet(KnownHeader.ContentType, out var type) && type.Length >= Type.Length
        && (type.Length == Type.Length || type[Type.Length] is (byte)'+' or (byte)';' or (byte)' ')
        && Ascii.EqualsIgnoreCase(type[..Type.Length], Type);
}
