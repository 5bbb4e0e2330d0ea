using System.Buffers;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server.Http1;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Server.Http2;

/// <summary>The frames of a client: its streams are requests. Touched only on its loop.</summary>
internal sealed class Http2ServerInput(Http2Session session) : Http2Input(session)
{
    /// <summary>What a block may have beyond the head that is let pass, before it is decoded: its coding is hardly ever longer than its text.</summary>
    private const int BlockSlack = 16 * 1024;

    /// <summary>What it may have at least: a head that is too large by what browsers keep in cookies is answered, and its connection goes on.</summary>
    private const int LeastBlockBytes = 128 * 1024;

    private LoopDeadline? _settingsAck;
    private bool _hasPreface;

    /// <inheritdoc/>
    protected override int MostBlockBytes => Math.Max(session.Proxy.HeadLimits.HeadBytes + BlockSlack, LeastBlockBytes);

    /// <summary>The settings are sent: the client has to say that it knows them.</summary>
    public void Begin()
    {
        _settingsAck = new LoopDeadline(session.Loop, static session => ((Http2Session)session).Fail(Http2Error.SettingsTimeout), session);
        _settingsAck.Set(session.Proxy.Options.Timeouts.Head);
    }

    /// <inheritdoc/>
    public override void End()
    {
        _settingsAck?.End();
        base.End();
    }

    /// <inheritdoc/>
    protected override bool TryTakeStart(ref ReadOnlySequence<byte> rest)
    {
        if (_hasPreface)
        {
            return true;
        }

        Span<byte> start = stackalloc byte[Preface.Length];
        var length = (int)Math.Min(rest.Length, Preface.Length);
        rest.Slice(0, length).CopyTo(start);
        if (!start[..length].SequenceEqual(Preface[..length]))
        {
            session.Fail(Http2Error.ProtocolError);
            return false;
        }

        if (length < Preface.Length)
        {
            return false;
        }

        _hasPreface = true;
        rest = rest.Slice(length);
        return true;
    }

    /// <inheritdoc/>
    protected override IHttp2Stream? Find(int streamId) => session.Streams.GetValueOrDefault(streamId);

    /// <inheritdoc/>
    protected override bool IsIdle(int streamId) => streamId > session.LastStreamId || (streamId & 1) == 0;

    /// <inheritdoc/>
    protected override bool MayHaveHead(int streamId) => (streamId & 1) != 0;

    /// <inheritdoc/>
    protected override bool WasReset(int streamId) => session.WasReset(streamId);

    /// <inheritdoc/>
    protected override void Refuse(IHttp2Stream stream) => session.Refuse((Http2Stream)stream, Http2Error.ProtocolError, FaultKind.BodyInvalid);

    /// <inheritdoc/>
    protected override void OnMuch() => session.Client.ReadsMuch = true;

    /// <inheritdoc/>
    protected override void OnBlockBegun()
    {
        if (session.Clock.Awaits != ClientAct.Head)
        {
            session.Clock.Await(ClientAct.Head, (long)session.Proxy.Options.Timeouts.Head.TotalMilliseconds);
        }
    }

    /// <inheritdoc/>
    protected override void OnBlockWhole()
    {
        if (session.Streams.Count > 0)
        {
            session.Clock.Stop();
        }
    }

    /// <inheritdoc/>
    protected override Http2Error OnBlockTooLong()
    {
        session.Fail(Http2Error.EnhanceYourCalm, FaultKind.HeadTooLarge);
        return Http2Error.NoError;
    }

    /// <inheritdoc/>
    protected override Http2Error OnBlock(int streamId, ReadOnlySpan<byte> block, bool ends)
    {
        if (session.Streams.TryGetValue(streamId, out var stream) && !stream.IsReset)
        {
            return stream.Reader.HasEnded ? Http2Error.StreamClosed : OnTrailers(stream, block, ends);
        }

        if (streamId > session.LastStreamId)
        {
            session.Open(streamId, Decoder, block, ends);
            return Http2Error.NoError;
        }

        // Trailers that were on their way when the stream was reset: the tables have to be kept in step.
        if (stream is null && !session.WasReset(streamId))
        {
            return session.WasSkipped(streamId) ? Http2Error.ProtocolError : Http2Error.StreamClosed;
        }

        return Http2HeadReader.ReadTrailers(Decoder, block, new HeaderList(), session.Proxy.HeadLimits, ofRequest: true) == BlockOutcome.Broken ? Http2Error.CompressionError : Spend();
    }

    /// <inheritdoc/>
    protected override Http2Error OnReset(int streamId, Http2Error error)
    {
        if (!session.Streams.TryGetValue(streamId, out var stream))
        {
            return Spend();
        }

        session.GiveUp(stream, new Fault(FaultSide.Client, FaultKind.ClientClosed));
        return session.Guard.TakeReset(session.Loop.NowMs) ? Http2Error.NoError : Http2Error.EnhanceYourCalm;
    }

    /// <inheritdoc/>
    protected override void OnFirstSettings()
    {
        if (session.Streams.Count == 0)
        {
            session.Clock.Await(ClientAct.Request, (long)session.Proxy.Options.Timeouts.Idle.TotalMilliseconds);
        }
    }

    /// <inheritdoc/>
    protected override void OnSettingsAck()
    {
        _settingsAck?.End();
        _settingsAck = null;
    }

    /// <inheritdoc/>
    protected override bool TrySetInitialWindow(int window) => session.TrySetInitialWindow(window);

    /// <inheritdoc/>
    protected override void OnPong() => session.Refuse();

    private Http2Error OnTrailers(Http2Stream stream, ReadOnlySpan<byte> block, bool ends)
    {
        var trailers = stream.Reader.TrailerList;
        switch (Http2HeadReader.ReadTrailers(Decoder, block, trailers, stream.Exchange!.Proxy.HeadLimits, ofRequest: true))
        {
            case BlockOutcome.Broken:
                return Http2Error.CompressionError;
            case BlockOutcome.Malformed:
                ends = false;
                break;
        }

        if (!ends || !stream.Reader.End(trailers.Count > 0))
        {
            session.Refuse(stream, Http2Error.ProtocolError, FaultKind.BodyInvalid);
        }

        return Http2Error.NoError;
    }
}
