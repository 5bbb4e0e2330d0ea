using System.Buffers;
using LoadBalancer.Faults;

namespace LoadBalancer.Http.Server.Http1;

/// <summary>The first line of a request (RFC 9112 section 3): one space between method, target and version, and none elsewhere.</summary>
/// <remarks>
/// A method with a lower-case letter is refused as not implemented: methods are case-sensitive, so <c>get</c> is not GET, and an
/// endpoint that takes it for GET would see what a rule about GET did not.
/// </remarks>
internal static class RequestLine
{
    private const int VersionLength = 8;

    // Visible ASCII but the fragment's mark, which never is in a request.
    private static readonly SearchValues<byte> Target =
        SearchValues.Create([.. Enumerable.Range('!', '~' - '!' + 1).Where(code => code != '#').Select(code => (byte)code)]);

    /// <summary>Reads the line at the start of the head's bytes.</summary>
    /// <param name="head">What is filled: method, target, version; the authority where the target has one.</param>
    /// <param name="limits">The limits.</param>
    /// <param name="length">The line's length with its end.</param>
    public static FaultKind Parse(RequestHead head, in HeadLimits limits, out int length)
    {
        var bytes = head.Fields.Bytes;
        length = 0;
        var methodLength = FieldText.TokenLength(bytes);
        if (methodLength == 0 || bytes[methodLength] != ' ')
        {
            return FaultKind.RequestInvalid;
        }

        var targetStart = methodLength + 1;
        var targetLength = bytes[targetStart..].IndexOfAnyExcept(Target);
        var targetEnd = targetStart + targetLength;
        if (targetLength > limits.TargetBytes)
        {
            return FaultKind.TargetTooLong;
        }

        if (targetLength <= 0 || bytes[targetEnd] != ' ' || bytes.Length < targetEnd + 1 + VersionLength + 2)
        {
            return FaultKind.RequestInvalid;
        }

        var version = bytes.Slice(targetEnd + 1, VersionLength);
        length = targetEnd + 1 + VersionLength + 2;
        if (bytes[length - 2] != '\r' || bytes[length - 1] != '\n' || !IsVersion(version))
        {
            return FaultKind.RequestInvalid;
        }

        if (length > limits.RequestLineBytes)
        {
            return FaultKind.TargetTooLong;
        }

        if (version[5] != '1' || version[7] > '1')
        {
            return FaultKind.VersionUnsupported;
        }

        head.Version = version[7] == '1' ? ProtocolVersion.Http11 : ProtocolVersion.Http10;
        head.MethodSlice = new Slice(0, methodLength);
        head.Method = MethodOf(bytes[..methodLength]);
        if (head.Method == RequestMethod.Connect || (head.Method == RequestMethod.Other && bytes[..methodLength].ContainsAnyInRange((byte)'a', (byte)'z')))
        {
            return FaultKind.NotImplemented;
        }

        return RequestTarget.Parse(head, new Slice(targetStart, targetLength));
    }

    /// <summary>True for bytes of a target alone: visible ASCII without the fragment's mark.</summary>
    internal static bool IsTarget(ReadOnlySpan<byte> text) => !text.ContainsAnyExcept(Target);

    private static bool IsVersion(ReadOnlySpan<byte> text) =>
        text.StartsWith("HTTP/"u8) && char.IsAsciiDigit((char)text[5]) && text[6] == '.' && char.IsAsciiDigit((char)text[7]);

    /// <summary>Which method a token is.</summary>
    internal static RequestMethod MethodOf(ReadOnlySpan<byte> text) => text.Length switch
    {
        3 => text.SequenceEqual("GET"u8) ? RequestMethod.Get : text.SequenceEqual("PUT"u8) ? RequestMethod.Put : RequestMethod.Other,
        4 => text.SequenceEqual("POST"u8) ? RequestMethod.Post : text.SequenceEqual("HEAD"u8) ? RequestMethod.Head : RequestMethod.Other,
        5 => text.SequenceEqual("PATCH"u8) ? RequestMethod.Patch : text.SequenceEqual("TRACE"u8) ? RequestMethod.Trace : RequestMethod.Other,
        6 => text.SequenceEqual("DELETE"u8) ? RequestMethod.Delete : RequestMethod.Other,
        7 => text.SequenceEqual("OPTIONS"u8) ? RequestMethod.Options : text.SequenceEqual("CONNECT"u8) ? RequestMethod.Connect : RequestMethod.Other,
        _ => RequestMethod.Other,
    };
}
