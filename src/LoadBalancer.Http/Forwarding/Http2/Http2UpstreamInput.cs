using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Server.Http1;
using LoadBalancer.Http.Server.Http2;

namespace LoadBalancer.Http.Forwarding.Http2;

/// <summary>The frames of an endpoint, which answers on streams that lb has opened and opens none itself. Touched only on its loop.</summary>
internal sealed class Http2UpstreamInput(Http2UpstreamSession session) : Http2Input(session)
{
    /// <summary>Interim responses of a request that cost nothing: 100 and 103 come with every one at some endpoints.</summary>
    private const int FreeInterims = 2;

    /// <summary>What one more costs of what the endpoint may do for nothing.</summary>
    private const int InterimCost = 20;

    /// <inheritdoc/>
    /// <remarks>Far more than the head that is let pass: it is read to its end so that the other exchanges on the connection go on.</remarks>
    protected override int MostBlockBytes => 256 * 1024;

    /// <inheritdoc/>
    protected override IHttp2Stream? Find(int streamId) => session.Find(streamId);

    /// <inheritdoc/>
    protected override bool IsIdle(int streamId) => streamId >= session.NextNumber || (streamId & 1) == 0;

    /// <inheritdoc/>
    protected override bool MayHaveHead(int streamId) => !IsIdle(streamId);

    /// <inheritdoc/>
    protected override bool MayHaveData(IHttp2Stream stream) => ((Http2UpstreamStream)stream).HasHead;

    /// <inheritdoc/>
    protected override bool WasReset(int streamId) => session.WasReset(streamId);

    /// <inheritdoc/>
    protected override void Refuse(IHttp2Stream stream) => Refuse((Http2UpstreamStream)stream, FaultKind.ResponseInvalid);

    /// <inheritdoc/>
    protected override void OnMuch() => session.ReadMuch();

    /// <inheritdoc/>
    protected override void OnBlockBegun()
    {
        // The exchange has its deadline.
    }

    /// <inheritdoc/>
    protected override void OnBlockWhole()
    {
    }

    /// <inheritdoc/>
    protected override Http2Error OnBlock(int streamId, ReadOnlySpan<byte> block, bool ends)
    {
        if (session.Find(streamId) is not { } stream)
        {
            // It was on its way when the stream was reset: the tables have to be kept in step.
            return !session.WasReset(streamId) ? Http2Error.StreamClosed
                : Http2HeadReader.ReadTrailers(Decoder, block, new HeaderList(), HeadLimits.Default, ofRequest: false) == BlockOutcome.Broken ? Http2Error.CompressionError
                : Spend();
        }

        if (stream.Reader.HasEnded)
        {
            return Http2Error.StreamClosed;
        }

        return stream.HasHead ? OnTrailers(stream, block, ends) : OnHead(stream, block, ends);
    }

    /// <inheritdoc/>
    protected override Http2Error OnReset(int streamId, Http2Error error)
    {
        if (session.Find(streamId) is not { } stream)
        {
            return Spend();
        }

        if (error == Http2Error.NoError && stream.Reader.HasEnded)
        {
            // RFC 9113 section 8.1: the response is whole, and the endpoint does not want the rest of the request.
            stream.StopUpload();
        }
        else
        {
            stream.Fail(FaultKind.Reset, isUntouched: error == Http2Error.RefusedStream && !stream.HasHead);
        }

        return Http2Error.NoError;
    }

    /// <inheritdoc/>
    protected override void OnFirstSettings() => session.OnSettings();

    /// <inheritdoc/>
    protected override void OnSettingsAck()
    {
    }

    /// <inheritdoc/>
    protected override bool TrySetInitialWindow(int window) => session.TrySetInitialWindow(window);

    /// <inheritdoc/>
    protected override void OnMostStreams(uint count) => session.OnMostStreams(count);

    /// <inheritdoc/>
    protected override void OnPong()
    {
    }

    /// <inheritdoc/>
    protected override Http2Error OnGoAway(int lastStreamId, uint reason, ReadOnlySpan<byte> text)
    {
        session.OnGoAway(lastStreamId, reason, text);
        return Http2Error.NoError;
    }

    private Http2Error OnHead(Http2UpstreamStream stream, ReadOnlySpan<byte> block, bool ends)
    {
        var head = stream.NextHead;
        if (Http2ResponseReader.Read(Decoder, block, head, stream.Method, HeadLimits.Default, ends, out var fault) == BlockOutcome.Broken)
        {
            return Http2Error.CompressionError;
        }

        if (fault != FaultKind.None)
        {
            Refuse(stream, fault);
            return Http2Error.NoError;
        }

        var flood = head.Status < 200 && ++stream.Interims > FreeInterims ? Spend(InterimCost) : Http2Error.NoError;
        if (flood == Http2Error.NoError)
        {
            stream.OnHead(head, ends);
        }

        return flood;
    }

    private Http2Error OnTrailers(Http2UpstreamStream stream, ReadOnlySpan<byte> block, bool ends)
    {
        var trailers = stream.Reader.TrailerList;
        switch (Http2HeadReader.ReadTrailers(Decoder, block, trailers, HeadLimits.Default, ofRequest: false))
        {
            case BlockOutcome.Broken:
                return Http2Error.CompressionError;
            case BlockOutcome.Malformed:
                ends = false;
                break;
        }

        if (!ends || !stream.Reader.End(trailers.Count > 0))
        {
            Refuse(stream, FaultKind.ResponseInvalid);
        }

        return Http2Error.NoError;
    }

    private void Refuse(Http2UpstreamStream stream, FaultKind kind)
    {
        session.WriteReset(stream, Http2Error.ProtocolError);
        stream.Fail(kind, isUntouched: false);
    }
}
