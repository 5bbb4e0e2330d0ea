using System.Text;
using LoadBalancer.Faults;

namespace LoadBalancer.Http.Server.Http1;

/// <summary>The forms of a target (RFC 9112 section 3.2): origin and absolute; <c>*</c> with OPTIONS alone; an authority never, as CONNECT is not spoken.</summary>
internal static class RequestTarget
{
    /// <summary>
    /// Puts the target into the head in origin form: of an absolute one the authority is kept apart, to be compared with Host, and the
    /// rest is what everybody after this sees.
    /// </summary>
    public static FaultKind Parse(RequestHead head, Slice target, bool isSecure)
    {
        var text = target.Of(head.Fields);
        head.TargetSlice = target;
        if (text[0] == '/')
        {
            return FaultKind.None;
        }

        if (text[0] == '*')
        {
            return text.Length == 1 && head.Method == RequestMethod.Options ? FaultKind.None : FaultKind.RequestInvalid;
        }

        var scheme = isSecure ? "https://"u8 : "http://"u8;
        if (text.Length <= scheme.Length || !Ascii.EqualsIgnoreCase(text[..scheme.Length], scheme))
        {
            return FaultKind.RequestInvalid;
        }

        var authority = text[scheme.Length..];
        var length = authority.IndexOfAny((byte)'/', (byte)'?');
        var rest = length < 0 ? default : authority[length..];
        head.AuthoritySlice = new Slice(target.Start + scheme.Length, length < 0 ? authority.Length : length);
        head.TargetSlice = rest.Length > 0 && rest[0] == '/'
            ? new Slice(head.AuthoritySlice.Start + head.AuthoritySlice.Length, rest.Length)
            : WithSlash(head, rest);
        return AuthorityText.IsValid(head.Authority) ? FaultKind.None : FaultKind.RequestInvalid;
    }

    // RFC 3986 section 6.2.3: an empty path is the same as a slash; a query alone has none before it.
    private static Slice WithSlash(RequestHead head, ReadOnlySpan<byte> query)
    {
        var start = head.Fields.Append("/"u8);
        head.Fields.Append(query);
        return new Slice(start, query.Length + 1);
    }
}
