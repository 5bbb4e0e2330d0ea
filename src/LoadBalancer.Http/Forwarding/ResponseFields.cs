using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Forwarding;

/// <summary>
/// What is done to the fields of an endpoint's response before it is passed on: those of its connection go, and Via says that it came through
/// here. Everything else stays as the endpoint wrote it: Server, Location, X-Accel-Buffering (a proxy before lb may heed it; lb never buffers).
/// </summary>
internal static class ResponseFields
{
    /// <summary>Edits the fields of a response; of an interim one too.</summary>
    public static void Prepare(ResponseHead response)
    {
        HopByHopHeaders.Remove(response);
        response.Fields.AddOwn(KnownHeader.Via, "Via"u8, ForwardedHeaders.Pseudonym(response.Version));
    }
}
