using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Forwarding;

/// <summary>
/// What is done to the fields of an endpoint's response before it is passed on: those of its connection go, and Via says that it came through
/// here. Everything else stays as the endpoint wrote it: Server, Location, X-Accel-Buffering (a proxy before lb may heed it; lb never buffers).
/// </summary>
internal static class ResponseHeaders
{
    /// <summary>Edits the fields of <see cref="Exchange.Response"/>; interim responses too.</summary>
    /// <returns>False where the response is not to be passed on: it is none that an endpoint sends.</returns>
    public static bool Prepare(ResponseHead response)
    {
        if (!HopByHopHeaders.Remove(response))
        {
            return false;
        }

        response.Fields.Add(KnownHeader.Via, "Via"u8, ForwardedHeaders.Pseudonym(response.Version));
        return true;
    }
}
