using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Forwarding;

/// <summary>
/// The trace that a request belongs to, in the field traceparent (W3C Trace Context, level 1): <c>00-(32 digits of the trace)-(16 of the
/// caller's span)-(2 of flags)</c>.
/// </summary>
internal static class TraceContext
{
    private const int TraceAt = 3;
    private const int SpanAt = 36;
    private const int FlagsAt = 53;
    private const int Length = 55;

    /// <summary>
    /// Puts a new span into the trace that the client began, and begins one where there is none or where its field breaks the rules; what
    /// belongs to a broken one (tracestate) goes with it.
    /// </summary>
    /// <remarks>A trace that begins here is sampled, as it would be by most endpoints if nobody before them had begun one.</remarks>
    /// <param name="fields">The request's fields.</param>
    /// <param name="ids">Where ids come from.</param>
    /// <param name="requestId">The request's id: where it was made here, a trace that begins here has the same, so that either finds the other.</param>
    public static void Continue(HeaderList fields, RequestIds ids, ReadOnlySpan<byte> requestId)
    {
        Span<byte> value = stackalloc byte[Length];
        var at = fields.Find(KnownHeader.TraceParent);
        if (at >= 0 && fields.Find(KnownHeader.TraceParent, at + 1) < 0 && IsValid(fields.Value(at)))
        {
            fields.Value(at)[..Length].CopyTo(value);
            if (fields.Value(at)[0] != '0' || fields.Value(at)[1] != '0')
            {
                // A later version is carried on as the one that we know, whose flags are these two.
                value[FlagsAt] = (byte)'0';
                value[FlagsAt + 1] = IsSampled(value[FlagsAt + 1]) ? (byte)'1' : (byte)'0';
            }
        }
        else
        {
            fields.Remove(KnownHeader.TraceState);
            if (requestId.Length == RequestIds.Length && IsHex(requestId) && requestId.ContainsAnyExcept((byte)'0'))
            {
                requestId.CopyTo(value[TraceAt..]);
            }
            else
            {
                ids.Write(value.Slice(TraceAt, RequestIds.Length));
            }

            "-01"u8.CopyTo(value[(FlagsAt - 1)..]);
        }

        "00-"u8.CopyTo(value);
        value[SpanAt - 1] = (byte)'-';
        ids.Write(value.Slice(SpanAt, 16));
        fields.Remove(KnownHeader.TraceParent);
        fields.AddOwn(KnownHeader.TraceParent, "traceparent"u8, value);
    }

    private static bool IsValid(ReadOnlySpan<byte> value)
    {
        var isKnown = value.Length == Length && value[..2].SequenceEqual("00"u8);
        var isLater = value.Length >= Length && !value[..2].SequenceEqual("00"u8) && !value[..2].SequenceEqual("ff"u8) && (value.Length == Length || value[Length] == '-');
        return (isKnown || isLater)
            && IsHex(value[..2]) && value[2] == '-'
            && IsHex(value.Slice(TraceAt, 32)) && value[SpanAt - 1] == '-' && value.Slice(TraceAt, 32).ContainsAnyExcept((byte)'0')
            && IsHex(value.Slice(SpanAt, 16)) && value[FlagsAt - 1] == '-' && value.Slice(SpanAt, 16).ContainsAnyExcept((byte)'0')
            && IsHex(value.Slice(FlagsAt, 2));
    }

    private static bool IsHex(ReadOnlySpan<byte> text)
    {
        foreach (var letter in text)
        {
            if (letter is not ((>= (byte)'0' and <= (byte)'9') or (>= (byte)'a' and <= (byte)'f')))
            {
                return false;
            }
        }

        return true;
    }

    // The last bit of a hexadecimal digit is that of its letter, turned round above 9: a is 10 and 0x61.
    private static bool IsSampled(byte digit) => ((digit & 1) != 0) != (digit >= (byte)'a');
}
