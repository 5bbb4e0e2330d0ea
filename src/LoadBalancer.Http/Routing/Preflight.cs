using LoadBalancer.Http.Server;
using LoadBalancer.Http.Server.Http1;

namespace LoadBalancer.Http.Routing;

/// <summary>
/// A browser's question whether a page may send a request to another origin (fetch.spec.whatwg.org section 3.3.2): OPTIONS with the fields Origin
/// and Access-Control-Request-Method. It is about a route for that method, whatever the methods that the route takes.
/// </summary>
internal static class Preflight
{
    /// <summary>True where a request is one.</summary>
    public static bool Is(RequestHead head) =>
        head.Method == RequestMethod.Options && head.Fields.MayHave(KnownHeader.Origin) && head.Fields.Find(KnownHeader.Origin) >= 0 && MethodAt(head.Fields) >= 0;

    /// <summary>Makes the head that of the request that it asks about. <see cref="End"/> undoes it.</summary>
    /// <returns>What <see cref="End"/> needs.</returns>
    public static Slice Begin(RequestHead head)
    {
        var own = head.MethodSlice;
        ref var field = ref head.Fields[MethodAt(head.Fields)];
        head.MethodSlice = new Slice(field.ValueStart, field.ValueLength);
        head.Method = RequestLine.MethodOf(head.MethodText);
        return own;
    }

    /// <summary>Makes the head its own again.</summary>
    public static void End(RequestHead head, Slice own) => (head.Method, head.MethodSlice) = (RequestMethod.Options, own);

    private static int MethodAt(HeaderList fields) => fields.Find("access-control-request-method"u8);
}
