// One file: what a session may be (opened, used, idle, leaving, ending) and each way from one to the next, which have to agree.

using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.ExceptionServices;
using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server.Http2;
using LoadBalancer.Tls;
using LoadBalancer.Transport.Epoll;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Http.Forwarding.Http2;

/// <summary>A connection to an endpoint that speaks HTTP/2 (RFC 9113): many exchanges at once, of many clients. Touched only on its loop.</summary>
/// <remarks>
/// <code>
///   connected ─► preface, settings ─► the endpoint's settings: ready ─► streams ◄─► idle ─► closed after pool_idle
///                     │ not in time, no HTTP/2                            │ GOAWAY: no new ones, closed after the last
///                     └─► closed                                          │ a rule broken, silence, reset: all fail ─► closed
/// </code>
/// Nothing is asked before the endpoint has told its settings: so that what answers something else is a failed connect, and no request is lost
/// to it. What one client does not take waits with its stream, at most a window of it, and never holds the others back: the connection's
/// window is as large as those of all streams together.
/// </remarks>
internal sealed class Http2UpstreamSession : IHttp2Connection
{
    /// <summary>Streams at once, be the endpoint content with more: a further connection is opened for others.</summary>
    public const int MostStreams = 250;

    /// <summary>What an endpoint says of an error is told up to so many bytes.</summary>
    private const int MostText = 80;

    /// <summary>Numbers that streams may have; what comes afterwards needs another connection (RFC 9113 section 5.1.1).</summary>
    private const int LastNumber = int.MaxValue - (4 * MostStreams);

    /// <summary>The part of its time that it may be made to spend in vain, taking nobody.</summary>
    private const int YieldsOneIn = 8;

    private readonly EpollConnection _connection;
    private readonly Http2SessionPool _pool;
    private readonly Dictionary<int, Http2UpstreamStream> _numbered = [];
    private readonly List<Http2UpstreamStream> _active = [];
    private readonly Http2UpstreamInput _input;
    private readonly LoopDeadline _deadline;
    private readonly SilenceWatch _silence;
    private RecentResets _resets;
    private TaskCompletionSource? _room;
    private FaultKind _failure;
    private int _initialWindow = Http2BodyReader.Window;
    private uint _mostStreams = MostStreams;
    private long _taken;
    private bool _isReady;
    private bool _isParked;
    private bool _isBlamed;
    private bool _isLeaving;
    private bool _isTaking;
    private long _yieldsToMs;
    private long _yieldsAgainMs;

    /// <summary>One around a connection, which it owns.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="pool">Whose it is.</param>
    /// <param name="tls">What its TLS was agreed on with; null for none.</param>
    /// <param name="timeouts">How long the endpoint may take to tell its settings, and how long the session lies idle at first.</param>
    public Http2UpstreamSession(EpollConnection connection, Http2SessionPool pool, TlsOrigination? tls, UpstreamTimeouts timeouts)
    {
        (_connection, _pool, Tls, IdleAtMost) = (connection, pool, tls, timeouts.PoolIdle);
        _connection.Observe();
        _deadline = new LoopDeadline(Loop, static owner => ((Http2UpstreamSession)owner).OnDeadline(), this);
        _silence = new SilenceWatch(this);
        _deadline.Set(timeouts.Connect);
        Guard = new FloodGuard(Loop.NowMs, MostStreams);
        Output = new Http2Output(this);
        _input = new Http2UpstreamInput(this);
    }

    /// <inheritdoc/>
    public EventLoop Loop => _connection.Loop;

    /// <inheritdoc/>
    public PipeWriter Pipe => _connection.Transport.Output;

    /// <inheritdoc/>
    public Http2Output Output { get; }

    /// <inheritdoc/>
    public FloodGuard Guard { get; }

    /// <inheritdoc/>
    public bool IsEnding { get; private set; }

    /// <summary>True where it is encrypted.</summary>
    public bool IsSecure => _connection.Cipher is not null;

    /// <summary>What its TLS was agreed on with; null for none.</summary>
    public TlsOrigination? Tls { get; }

    /// <summary>Exchanges that are on it.</summary>
    public int Streams => _active.Count;

    /// <summary>
    /// True where the endpoint owes an answer and has sent nothing at all for so long that it may be gone: others go on another connection, where there may
    /// be one, until something comes.
    /// </summary>
    public bool IsDoubtful => _silence.IsDoubtful;

    /// <summary>Whose it is.</summary>
    public Http2SessionPool Pool => _pool;

    /// <summary>How long it lies idle before it is closed.</summary>
    public TimeSpan IdleAtMost { get; set; }

    /// <summary>True where it takes another exchange.</summary>
    public bool HasRoom => _isReady && !_isLeaving && !IsEnding && _active.Count < _mostStreams && NextNumber < LastNumber && !IsYielding;

    /// <summary>True where it has no stream.</summary>
    public bool IsIdle => _isReady && !IsEnding && _active.Count == 0;

    private bool IsYielding => _yieldsToMs > Loop.NowMs && _pool.IsWantedByOthers;

    /// <summary>The number of the next stream.</summary>
    public int NextNumber { get; private set; } = 1;

    /// <summary>A stream for another exchange, where <see cref="HasRoom"/>. It has a number once its head is sent.</summary>
    public Http2UpstreamStream Take()
    {
        if (_isParked)
        {
            _pool.Unparked(reused: _taken > 0);
            _isParked = false;
        }
        else if (_taken > 0)
        {
            _pool.Shared();
        }

        _deadline.Clear();
        _silence.Begin();
        var stream = _pool.Pools.RentStream();
        stream.Begin(this, _active.Count, wasUsed: _taken > 0, _initialWindow);
        _active.Add(stream);
        _taken++;
        Guard.Earn(2);
        return stream;
    }

    /// <summary>Gives a stream its number.</summary>
    public int Number(Http2UpstreamStream stream)
    {
        var number = NextNumber;
        NextNumber += 2;
        _numbered.Add(number, stream);
        _silence.Owed();
        return number;
    }

    /// <summary>A stream is nobody's any more.</summary>
    public void Leave(Http2UpstreamStream stream)
    {
        var last = _active[^1];
        _active[stream.At] = last;
        last.At = stream.At;
        _active.RemoveAt(_active.Count - 1);
        Output.Remove(stream.Writer);
        if (stream.Id != 0)
        {
            _numbered.Remove(stream.Id);
        }

        if (_active.Count == 0)
        {
            // Another loop may wait to open one; and nobody else is to wait for what this one does not say.
            _isLeaving |= _pool.IsWantedByOthers || IsDoubtful;
            OnIdle();
        }

        _pool.Serve();
    }

    /// <summary>The stream with that number; null where it is none that is open.</summary>
    public Http2UpstreamStream? Find(int number) => _numbered.GetValueOrDefault(number);

    /// <summary>True where the stream was reset by lb before the endpoint had sent all.</summary>
    public bool WasReset(int number) => _resets.Contains(number);

    /// <summary>Resets a stream that has a number.</summary>
    public void WriteReset(Http2UpstreamStream stream, Http2Error error)
    {
        if (!stream.Reader.HasEnded)
        {
            _resets.Add(stream.Id);
        }

        Output.WriteReset(stream.Id, error);
    }

    /// <inheritdoc/>
    public void Fail(Http2Error error) => Fail(error, FaultKind.ResponseInvalid);

    /// <inheritdoc/>
    public void FailFlood() => Fail(Http2Error.EnhanceYourCalm);

    /// <summary>Ends the connection because of what the endpoint sent; every exchange on it ends with <paramref name="kind"/>.</summary>
    public void Fail(Http2Error error, FaultKind kind)
    {
        if (!IsEnding)
        {
            Report(byEndpoint: false, (uint)error, "");
            Output.WriteGoAway(0, error);
            End(kind);
        }
    }

    /// <summary>The endpoint has told its settings.</summary>
    public void OnSettings()
    {
        _isReady = true;
        _deadline.Clear();
        OnIdle();
        _pool.OnReady(this);
    }

    /// <summary>The endpoint takes so many streams at once.</summary>
    public void OnMostStreams(uint count) => _mostStreams = Math.Min(count, MostStreams);

    /// <summary>The endpoint takes another amount on new streams, and on those that are open; false where a window would be larger than it can be.</summary>
    public bool TrySetInitialWindow(int window)
    {
        var more = (long)window - _initialWindow;
        _initialWindow = window;
        foreach (var stream in _active)
        {
            if (stream.Writer.Window + more > int.MaxValue)
            {
                return false;
            }

            stream.Writer.Window += (int)more;
            if (stream.Id != 0)
            {
                Output.Enqueue(stream.Writer);
            }
        }

        return true;
    }

    /// <summary>The endpoint takes no new streams, and has not looked at those above <paramref name="lastNumber"/> (RFC 9113 section 6.8).</summary>
    /// <param name="lastNumber">The number of the last that it may have looked at.</param>
    /// <param name="reason">Why.</param>
    /// <param name="text">What it says about it.</param>
    public void OnGoAway(int lastNumber, uint reason, ReadOnlySpan<byte> text)
    {
        Report(byEndpoint: true, reason, Encoding.Latin1.GetString(text[..Math.Min(text.Length, MostText)]));
        Retire();
        foreach (var stream in _active.ToArray())
        {
            if (stream.IsOf(this) && (stream.Id == 0 || stream.Id > lastNumber))
            {
                stream.Fail(FaultKind.Reset, isUntouched: true);
            }
        }
    }

    private void Report(bool byEndpoint, uint error, string text)
    {
        if (error != (uint)Http2Error.NoError)
        {
            var name = Http2ErrorText.Of(error);
            _pool.Pools.Tell(new Http2Report(_pool.Label, byEndpoint, text.Length == 0 ? name : $"{name}: {ScalarNode.Quote(text)}"));
        }
    }

    /// <summary>Takes no new streams, and is closed after the last.</summary>
    public void Retire()
    {
        _isLeaving = true;
        _pool.Remove(this);
        if (_active.Count == 0)
        {
            End(FaultKind.None);
        }
    }

    /// <summary>
    /// Takes no new streams for <paramref name="time"/>, in which the last may end: then it is closed, for the sake of a loop that has no session.
    /// Where one lasts longer, it goes on as before, and is not made to do so again for a while: nobody would be served meanwhile.
    /// </summary>
    public void Yield(TimeSpan time)
    {
        var now = Loop.NowMs;
        if (_isReady && !_isLeaving && !IsEnding && now >= _yieldsAgainMs)
        {
            var timeMs = Math.Max((long)time.TotalMilliseconds, 1);
            (_yieldsToMs, _yieldsAgainMs) = (now + timeMs, now + (YieldsOneIn * timeMs));
            _deadline.Set(timeMs);
        }
    }

    /// <summary>Much is to come.</summary>
    public void ReadMuch() => _connection.ReadsMuch = true;

    /// <inheritdoc/>
    public void ExpectTaking()
    {
        // Each exchange has its own deadline, and the endpoint has to show a sign of life.
    }

    /// <inheritdoc/>
    public void Taken()
    {
    }

    /// <inheritdoc/>
    public void OnRoom()
    {
        var room = _room;
        _room = null;
        room?.SetResult();
    }

    /// <inheritdoc/>
    public void OnBroken() => End(FaultKind.Reset);

    /// <summary>Takes what the endpoint sends, to the end. Never faults.</summary>
    public async Task RunAsync()
    {
        try
        {
            WriteStart();
            await ReadAsync();
        }
        catch (Exception error)
        {
            // One connection is lost; the loop hears of it, as of every error of this program.
            IsEnding = true;
            _failure = FaultKind.Bug;
            Loop.Post(static error => ((ExceptionDispatchInfo)error!).Throw(), ExceptionDispatchInfo.Capture(error));
        }

        Close();
    }

    private void WriteStart()
    {
        Pipe.Write(Http2Input.Preface);
        Span<byte> settings = stackalloc byte[Http2Input.SettingBytes];
        Http2Input.WriteSetting(settings, SettingId.EnablePush, 0);
        Output.WriteFrame(FrameKind.Settings, FrameFlags.None, 0, settings);
        Output.Credit((MostStreams - 1) * Http2BodyReader.Window);
    }

    private async ValueTask ReadAsync()
    {
        var input = _connection.Transport.Input;
        while (!IsEnding)
        {
            if (!input.TryRead(out var read))
            {
                read = await input.ReadAsync();
            }

            if (IsEnding)
            {
                return;
            }

            _silence.Heard();
            _isTaking = true;
            var rest = _input.Take(read.Buffer);
            _isTaking = false;
            if (IsEnding)
            {
                return;
            }

            if (Output.IsCongested)
            {
                input.AdvanceTo(rest.Start);
                _room = new TaskCompletionSource();
                await _room.Task;
                continue;
            }

            input.AdvanceTo(rest.Start, rest.End);
            if (read.IsCompleted)
            {
                End(_connection.ReadFault != FaultKind.None ? FaultKind.Reset : _active.Count > 0 || !_isReady ? FaultKind.ResponseTruncated : FaultKind.None);
            }
        }
    }

    // The reader hears of the end: at once where it waits for frames, else when it has taken the one at hand.
    private void End(FaultKind kind)
    {
        if (!IsEnding)
        {
            IsEnding = true;
            _failure = kind;
            if (!_isTaking)
            {
                _connection.Transport.Input.CancelPendingRead();
                OnRoom();
            }
        }
    }

    private void Close()
    {
        _deadline.End();
        _silence.End();
        _pool.Remove(this);
        Output.Flush();
        Output.End();
        if (_isParked)
        {
            _pool.Unparked(reused: false);
            _isParked = false;
        }

        foreach (var stream in _active.ToArray())
        {
            if (stream.IsOf(this))
            {
                stream.Fail(_failure == FaultKind.None ? FaultKind.Reset : _failure, isUntouched: stream.Id == 0);
            }
        }

        _input.End();
        _connection.Close();
        _connection.Transport.Input.Complete();
        _connection.Transport.Output.Complete();
        _pool.OnClosed(this, wasReady: _isReady, _failure);
    }

    /// <summary>True for the first that asks: one connection that ends is one failure of its endpoint, however many requests were on it.</summary>
    public bool TakeBlame()
    {
        var isFirst = !_isBlamed;
        _isBlamed = true;
        return isFirst;
    }

    private void OnIdle()
    {
        _silence.Rest();
        _connection.ReadsMuch = false;
        if (IsEnding)
        {
            return;
        }

        if (_isLeaving)
        {
            End(FaultKind.None);
            return;
        }

        _isParked = true;
        _pool.Parked();
        _deadline.Set(IdleAtMost);
    }

    private void OnDeadline()
    {
        if (!_isReady)
        {
            End(FaultKind.ConnectTimeout);
        }
        else if (_active.Count > 0)
        {
            // It has taken nobody for long enough.
            _yieldsToMs = 0;
            _pool.Serve();
        }
        else
        {
            Fail(Http2Error.NoError, FaultKind.None);
        }
    }
}
