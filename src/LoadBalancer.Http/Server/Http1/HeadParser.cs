using System.Buffers;
using LoadBalancer.Faults;

namespace LoadBalancer.Http.Server.Http1;

/// <summary>
/// Reads the heads of HTTP/1.1 (RFC 9112), of requests and of responses. Strict: what two readers could read in two ways is refused, be
/// it that the RFC lets a server repair it. A head is copied once and sliced; nothing is allocated. Knows no socket; thread-safe, as it has no state.
/// </summary>
/// <remarks>
/// A head that is not whole is looked at as it comes (<see cref="HeadScan"/>), so that one that is too large fails before its end. One
/// that came in one piece is found by one vectorised search instead; both ways say the same, see the tests.
/// </remarks>
internal static class HeadParser
{
    /// <summary>Reads the head of a request. One empty line before it is skipped (RFC 9112 section 2.2).</summary>
    /// <param name="buffer">What has come and was not consumed.</param>
    /// <param name="head">What is filled where the head is whole; empty otherwise.</param>
    /// <param name="limits">The limits.</param>
    /// <param name="scan">What is kept from call to call; the default before the first one of each head.</param>
    /// <param name="consumed">Where the body begins; the start of <paramref name="buffer"/> where the head is not whole.</param>
    /// <param name="fault">Why it failed.</param>
    public static HeadStatus TryReadRequest(
        in ReadOnlySequence<byte> buffer, RequestHead head, in HeadLimits limits, ref HeadScan scan, out SequencePosition consumed, out FaultKind fault)
    {
        consumed = buffer.Start;
        fault = FaultKind.None;
        var first = FirstPiece(buffer);
        if (first.IsEmpty)
        {
            return HeadStatus.Incomplete;
        }

        var skipped = first[0] == '\r' ? 2 : 0;
        if (skipped > 0 && !HasEmptyLine(buffer, out fault))
        {
            return fault == FaultKind.None ? HeadStatus.Incomplete : HeadStatus.Failed;
        }

        // The common case: all of it is here, in one piece.
        if (skipped == 0 && WholeLength(first, limits.HeadBytes) is var whole and > 0)
        {
            head.Reset();
            first[..whole].CopyTo(head.Fields.Reserve(whole));
            if (RequestHeadParser.Parse(head, limits) == FaultKind.None)
            {
                consumed = buffer.GetPosition(whole);
                return HeadStatus.Complete;
            }
        }

        var rest = skipped == 0 ? buffer : buffer.Slice(skipped);
        fault = FindRequest(rest, limits, ref scan, out var length);
        if (fault == FaultKind.None)
        {
            if (length == 0)
            {
                return HeadStatus.Incomplete;
            }

            head.Reset();
            rest.Slice(0, length).CopyTo(head.Fields.Reserve(length));
            fault = RequestHeadParser.Parse(head, limits);
        }

        if (fault != FaultKind.None)
        {
            head.Reset();
            return HeadStatus.Failed;
        }

        consumed = rest.GetPosition(length);
        return HeadStatus.Complete;
    }

    /// <summary>Reads the head of a response: an interim one (1xx) too, after which the next is read with a new <paramref name="scan"/>.</summary>
    /// <param name="buffer">What has come and was not consumed.</param>
    /// <param name="head">What is filled where the head is whole; empty otherwise.</param>
    /// <param name="method">The method of the request that is answered.</param>
    /// <param name="limits">The limits.</param>
    /// <param name="scan">What is kept from call to call; the default before the first one of each head.</param>
    /// <param name="consumed">Where the body begins; the start of <paramref name="buffer"/> where the head is not whole.</param>
    /// <param name="fault">Why it failed: <see cref="FaultKind.ResponseInvalid"/> or <see cref="FaultKind.ResponseHeadTooLarge"/>.</param>
    public static HeadStatus TryReadResponse(
        in ReadOnlySequence<byte> buffer,
        ResponseHead head,
        RequestMethod method,
        in HeadLimits limits,
        ref HeadScan scan,
        out SequencePosition consumed,
        out FaultKind fault)
    {
        consumed = buffer.Start;
        fault = FaultKind.None;
        var first = FirstPiece(buffer);
        if (first.IsEmpty)
        {
            return HeadStatus.Incomplete;
        }

        if (WholeLength(first, limits.HeadBytes) is var whole and > 0)
        {
            head.Reset();
            first[..whole].CopyTo(head.Fields.Reserve(whole));
            if (ResponseHeadParser.Parse(head, method, limits) == FaultKind.None)
            {
                consumed = buffer.GetPosition(whole);
                return HeadStatus.Complete;
            }
        }

        fault = FindResponse(buffer, limits, ref scan, out var length);
        if (fault == FaultKind.None)
        {
            if (length == 0)
            {
                return HeadStatus.Incomplete;
            }

            head.Reset();
            buffer.Slice(0, length).CopyTo(head.Fields.Reserve(length));
            fault = ResponseHeadParser.Parse(head, method, limits);
        }

        if (fault != FaultKind.None)
        {
            head.Reset();
            return HeadStatus.Failed;
        }

        consumed = buffer.GetPosition(length);
        return HeadStatus.Complete;
    }

    // A sequence may begin with an empty piece.
    private static ReadOnlySpan<byte> FirstPiece(in ReadOnlySequence<byte> buffer)
    {
        var first = buffer.FirstSpan;
        if (first.IsEmpty)
        {
            foreach (var piece in buffer)
            {
                if (!piece.IsEmpty)
                {
                    return piece.Span;
                }
            }
        }

        return first;
    }

    private static int WholeLength(ReadOnlySpan<byte> span, int mostBytes)
    {
        var end = span.IndexOf("\r\n\r\n"u8) + 4;
        return end is < 4 || end > mostBytes ? 0 : end;
    }

    // What is no request at all, such as TLS, is not waited for.
    private static FaultKind FindRequest(in ReadOnlySequence<byte> buffer, in HeadLimits limits, ref HeadScan scan, out int length)
    {
        length = 0;
        return !buffer.IsEmpty && !FieldText.IsToken(FirstPiece(buffer)[..1])
            ? FaultKind.RequestInvalid
            : scan.Find(
                buffer,
                limits.HeadBytes,
                limits.Fields + 1,
                limits.RequestLineBytes,
                out length,
                FaultKind.HeadTooLarge,
                FaultKind.TooManyFields,
                FaultKind.TargetTooLong,
                FaultKind.RequestInvalid);
    }

    private static FaultKind FindResponse(in ReadOnlySequence<byte> buffer, in HeadLimits limits, ref HeadScan scan, out int length)
    {
        length = 0;
        return FirstPiece(buffer)[0] != 'H'
            ? FaultKind.ResponseInvalid
            : scan.Find(
                buffer,
                limits.HeadBytes,
                limits.Fields + 1,
                limits.HeadBytes,
                out length,
                FaultKind.ResponseHeadTooLarge,
                FaultKind.ResponseHeadTooLarge,
                FaultKind.ResponseHeadTooLarge,
                FaultKind.ResponseInvalid);
    }

    // A second empty line, or a lone CR, is not skipped.
    private static bool HasEmptyLine(in ReadOnlySequence<byte> buffer, out FaultKind fault)
    {
        fault = FaultKind.None;
        if (buffer.Length < 2)
        {
            return false;
        }

        Span<byte> line = stackalloc byte[2];
        buffer.Slice(0, 2).CopyTo(line);
        fault = line[1] == '\n' ? FaultKind.None : FaultKind.RequestInvalid;
        return fault == FaultKind.None;
    }
}
