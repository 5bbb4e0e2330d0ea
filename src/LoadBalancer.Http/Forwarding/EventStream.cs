using System.Text;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Forwarding;

/// <summary>Server-sent events (text/event-stream): a response that lasts, with long silences.</summary>
internal static class EventStream
{
    /// <summary>True where the response is one.</summary>
    public static bool Is(ResponseHead response) =>
        response.Fields.TryGet(KnownHeader.ContentType, out var type)
        && type.Length >= "text/event-stream"u8.Length && Ascii.EqualsIgnoreCase(type[.."text/event-stream"u8.Length], "text/event-stream"u8);
}
