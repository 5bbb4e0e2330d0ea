using System.Text;
using LoadBalancer.Faults;

namespace LoadBalancer.Http.Server.Http1;

/// <summary>The forms of a target (RFC 9112 section 3.2): origin and absolute; <c>*</c> with OPTIONS alone; an authority never, as CONNECT is not spoken.</summary>
internal static class RequestTarget
{
    /// <summary>
    /// Puts the target into the head as it came. The authority of an absolute one becomes the head's, to be compared with Host; its scheme is
    /// compared with the client's by <see cref="Agrees"/>, and its path is read where all paths are (<see cref="Routing.CanonicalPath"/>).
    /// </summary>
    public static FaultKind Parse(RequestHead head, Slice target)
    {
        var text = target.Of(head.Fields);
        head.TargetSlice = target;
        if (text[0] == '/' || (text[0] == '*' && text.Length == 1 && head.Method == RequestMethod.Options))
        {
            return FaultKind.None;
        }

        var start = StartsWith(text, "http://"u8) ? "http://".Length : StartsWith(text, "https://"u8) ? "https://".Length : 0;
        if (start == 0)
        {
            return FaultKind.RequestInvalid;
        }

        var end = text[start..].IndexOfAny((byte)'/', (byte)'?');
        head.AuthoritySlice = new Slice(target.Start + start, end < 0 ? text.Length - start : end);
        return AuthorityText.IsValid(head.Authority) ? FaultKind.None : FaultKind.RequestInvalid;
    }

    /// <summary>True unless the target is an absolute one of the other scheme than the client used.</summary>
    public static bool Agrees(RequestHead head, bool secure)
    {
        var text = head.Target;
        return text.IsEmpty || text[0] is (byte)'/' or (byte)'*' || (text.IndexOf((byte)':') == "https".Length) == secure;
    }

    /// <summary>True where the server itself is asked about, and no resource of it: <c>*</c>, or OPTIONS of a whole site (RFC 9112 section 3.2.4).</summary>
    public static bool IsAsterisk(RequestHead head)
    {
        var text = head.Target;
        return text is [(byte)'*']
            || (head.Method == RequestMethod.Options && text.Length > 0 && text[0] != '/' && text[("http://".Length + 1)..].IndexOfAny((byte)'/', (byte)'?') < 0);
    }

    private static bool StartsWith(ReadOnlySpan<byte> text, ReadOnlySpan<byte> scheme) =>
        text.Length > scheme.Length && Ascii.EqualsIgnoreCase(text[..scheme.Length], scheme);
}
