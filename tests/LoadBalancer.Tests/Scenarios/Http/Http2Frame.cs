using System.Buffers.Binary;
using LoadBalancer.Http.Server.Http2;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>A frame of HTTP/2 as it was on the wire.</summary>
/// <param name="Kind">Its type.</param>
/// <param name="Flags">Its flags.</param>
/// <param name="StreamId">Its stream.</param>
/// <param name="Payload">What it holds.</param>
internal sealed record Http2Frame(FrameKind Kind, FrameFlags Flags, int StreamId, byte[] Payload)
{
    /// <summary>True where it is the last of its stream.</summary>
    public bool EndsStream => Kind is FrameKind.Data or FrameKind.Headers && (Flags & FrameFlags.EndStream) != 0;

    /// <summary>The error code of RST_STREAM and GOAWAY.</summary>
    public Http2Error Error => (Http2Error)BinaryPrimitives.ReadInt32BigEndian(Payload.AsSpan(Kind == FrameKind.GoAway ? 4 : 0));

    /// <summary>The number of WINDOW_UPDATE, and the last stream of GOAWAY.</summary>
    public int Number => BinaryPrimitives.ReadInt32BigEndian(Payload);
}
