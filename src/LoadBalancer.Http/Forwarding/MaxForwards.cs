using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Server.Http1;

namespace LoadBalancer.Http.Forwarding;

/// <summary>How many more hops an OPTIONS or TRACE request may make (RFC 9110 section 7.6.2); of other methods the field means nothing and is passed on.</summary>
internal static class MaxForwards
{
    /// <summary>Takes this hop off the number, where there is one.</summary>
    /// <param name="request">The request; its field is edited.</param>
    /// <param name="isLast">True where the request goes no further: whoever asks wants the answer of this hop.</param>
    /// <returns><see cref="FaultKind.RequestInvalid"/> where the field is there twice or is no number.</returns>
    public static FaultKind Count(RequestHead request, out bool isLast)
    {
        isLast = false;
        var fields = request.Fields;
        if (request.Method is not (RequestMethod.Options or RequestMethod.Trace) || fields.Find(KnownHeader.MaxForwards) is var at && at < 0)
        {
            return FaultKind.None;
        }

        var left = DecimalLength.Parse(fields.Value(at));
        if (left < 0 || fields.Find(KnownHeader.MaxForwards, at + 1) >= 0)
        {
            return FaultKind.RequestInvalid;
        }

        isLast = left == 0;
        if (!isLast)
        {
            Span<byte> text = stackalloc byte[20];
            (left - 1).TryFormat(text, out var length);
            fields.Set(KnownHeader.MaxForwards, text[..length]);
        }

        return FaultKind.None;
    }
}
