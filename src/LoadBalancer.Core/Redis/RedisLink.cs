// One file: a connection from its first attempt over its use to its loss and the next attempt, whose states only make sense side by side.

using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Net;
using LoadBalancer.Faults;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Redis;

/// <summary>
/// One loop's connection to one server. Commands go out together at the end of what the loop is at, and their answers come back in order. Touched only
/// on its loop.
/// </summary>
/// <remarks>
/// <para>
/// Detection: the oldest command has had no answer for the timeout, and one tick of the loop's wheel later it still has none; the tick is for answers
/// that lie in the kernel because this loop itself was held up. Then the connection is given up, and from there on every command is refused at
/// once, without a wait, until a connection has answered again. A connection that ends while commands are under way is not yet an outage:
/// it is made anew, and meanwhile commands wait for it as long as for any answer.
/// </para>
/// <para>
/// Recovery: an attempt follows its predecessor after a pause of at most <see cref="LongestPauseMs"/>, and takes at most <see cref="PatienceMs"/>. After a
/// silence the server must answer within the timeout to count as there again: one that is too slow stays away, instead of costing each request its slowness.
/// What it must answer is a script that writes, so a replica, or a server that puts writes off, stays away as well.
/// </para>
/// <para>
/// A command that was sent and not answered may have been carried out: it is never sent again, but where the server itself says that it was not. One that
/// still waits for a connection when there is none to be had was not: its reply says so (<see cref="RedisReply.IsUndone"/>), and it counts as refused.
/// </para>
/// </remarks>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "Close ends it when what is under way has ended.")]
internal sealed class RedisLink
{
    /// <summary>How long an attempt to connect may take until the server has answered, for each address.</summary>
    public const int PatienceMs = 500;

    /// <summary>The longest pause between two attempts.</summary>
    public const int LongestPauseMs = 500;

    /// <summary>How many commands may be under way: more than a server answers within a usual timeout.</summary>
    public const int MostCalls = 8192;

    /// <summary>Why a server that takes no writes is no use.</summary>
    public const string Replica = "it is a replica, which takes no writes";

    /// <summary>For how long no script must have failed until the server counts as well again: one that fails some of them comes and goes seldom.</summary>
    public const int DoubtMs = 10_000;

    private const int FirstPauseMs = 50;

    private readonly RedisLoop _owner;
    private readonly EventLoop _loop;
    private readonly Queue<RedisCall> _calls = new();
    private readonly LoopDeadline _deadline;
    private readonly LoopTimer _pause;
    private readonly LoopTimer _patience;
    private readonly long _timeoutMs;
    private EpollConnection? _connection;
    private EpollSocket? _shaking;
    private ConnectAttempt? _connecting;
    private int _nextAddress;
    private int _pauseMs = FirstPauseMs;
    private long _wantedMs;
    private bool _isUp;
    private bool _isOpening;
    private bool _isFlushing;
    private bool _isUnsent;
    private bool _isLate;
    private bool _isFailing;
    private bool _isErring;
    private bool _isTold;
    private bool _mustBeQuick;
    private bool _isClosing;
    private string? _refusal;
    private string? _error;
    private long _erredMs;

    /// <summary>A link that is not connected.</summary>
    public RedisLink(RedisLoop owner, RedisNode node)
    {
        (_owner, _loop, Node) = (owner, owner.Loop, node);
        _timeoutMs = (long)owner.Options.Timeout.TotalMilliseconds;
        _deadline = new LoopDeadline(_loop, static link => ((RedisLink)link).OnDeadline(), this);
        _pause = new LoopTimer(static link => ((RedisLink)link).Open(), this);
        _patience = new LoopTimer(static link => ((RedisLink)link).GiveUp(), this);
    }

    /// <summary>The server.</summary>
    public RedisNode Node { get; }

    /// <summary>False where a command would be refused at once.</summary>
    public bool Takes => !_isFailing && !_isClosing && _calls.Count < MostCalls;

    /// <summary>True while the server is known not to answer.</summary>
    public bool IsFailing => _isFailing;

    /// <summary>When it was last wanted, in the loop's milliseconds.</summary>
    public long WantedMs => _wantedMs;

    /// <summary>Begins to connect, where it does not yet.</summary>
    public void Open()
    {
        if (!_isOpening && !_isUp && !_isClosing)
        {
            _isOpening = true;
            _ = ServeAsync();
        }
    }

    /// <summary>Sends a command, or keeps it until the connection is there; only where it <see cref="Takes"/> one.</summary>
    public void Send(RedisCall call)
    {
        _wantedMs = _loop.NowMs;
        call.Wait(_wantedMs, _owner.Time.GetTimestamp());
        _calls.Enqueue(call);
        if (_calls.Count == 1)
        {
            _isLate = false;
            _deadline.Set(_timeoutMs);
        }

        if (_isUp)
        {
            Write(call);
        }
        else if (!_pause.IsScheduled)
        {
            Open();
        }
    }

    /// <summary>Takes no more commands, and closes when those under way have ended.</summary>
    public void Close()
    {
        _isClosing = true;
        _loop.Cancel(_pause);
        if (_calls.Count == 0)
        {
            End();
        }
    }

    private void End()
    {
        _deadline.End();
        _loop.Cancel(_pause);
        GiveUp();
        _isFailing = false;
        BeWell(tells: false);
    }

    /// <summary>Ends the connection, or the attempt at one, whatever it is at. What waits for it goes on inline.</summary>
    private void GiveUp()
    {
        _loop.Cancel(_patience);
        _connecting?.GiveUp();
        _shaking?.Reset();
        _connection?.Abort();
    }

    private void Write(RedisCall call)
    {
        var output = _connection!.Transport.Output;
        call.WriteTo(output);
        Flush(output);
    }

    private void Flush(PipeWriter output)
    {
        if (_isFlushing)
        {
            _isUnsent = true;
            return;
        }

        var flush = output.FlushAsync();
        if (flush.IsCompletedSuccessfully)
        {
            // A write that failed is found by whoever reads.
            _ = flush.Result;
        }
        else
        {
            _isFlushing = true;
            _ = AwaitFlushAsync(output, flush);
        }
    }

    private async Task AwaitFlushAsync(PipeWriter output, ValueTask<FlushResult> flush)
    {
        await flush;
        while (_isUnsent && _connection?.Transport.Output == output)
        {
            _isUnsent = false;
            await output.FlushAsync();
        }

        _isFlushing = false;
    }

    private void OnDeadline()
    {
        if (_calls.Count == 0)
        {
            return;
        }

        var left = _calls.Peek().SentMs + _timeoutMs - _loop.NowMs;
        if (left > 0 || !_isLate)
        {
            // The oldest is another by now, or its answer is given the rest of this turn and one tick.
            _isLate = left <= 0;
            _deadline.Set(Math.Max(left, 1));
            return;
        }

        // Calls that wait for a connection have no reader to end; those that were sent have.
        _mustBeQuick = true;
        Fail($"no answer within {_timeoutMs} ms", RedisOutcome.Late);
        if (_isUp)
        {
            _connection?.Abort();
        }
    }

    /// <summary>From here on commands are refused at once; those under way end without an answer.</summary>
    private void Fail(string failure, RedisOutcome outcome)
    {
        Fail(failure);
        EndCalls(outcome);
    }

    private void Fail(string failure)
    {
        if (!_isFailing)
        {
            _isFailing = true;
            Tell(failure);
        }
    }

    /// <summary>A script, for which it was asked well, came to nothing. Commands are sent on: others may come to something, and this one when memory is free again.</summary>
    private void Err(string error, string trouble)
    {
        _erredMs = _loop.NowMs;
        if (!_isErring || _error != error)
        {
            (_isErring, _error) = (true, error);
            Tell(trouble);
        }
    }

    private void Tell(string trouble)
    {
        Node.Lost(trouble, isNews: !_isTold);
        _isTold = true;
    }

    private void BeWell(bool tells = true)
    {
        _isErring = false;
        if (_isTold)
        {
            _isTold = false;
            Node.Found(tells);
        }
    }

    private void EndCalls(RedisOutcome outcome)
    {
        // Whoever goes on may ask again, and is refused or waits for the next connection: those are none of these, and have a deadline of their own.
        for (var count = _calls.Count; count > 0; count--)
        {
            var call = _calls.Dequeue();
            Node.Count(_loop.Index, call.IsSent ? outcome : RedisOutcome.Refused);
            call.Complete(call.IsSent ? RedisReply.Unavailable : RedisReply.Undone);
        }

        WatchOldest();
    }

    /// <summary>The oldest command is the one that is late first.</summary>
    private void WatchOldest()
    {
        _isLate = false;
        if (_calls.Count == 0)
        {
            _deadline.Clear();
        }
        else
        {
            _deadline.Set(Math.Max(1, _calls.Peek().SentMs + _timeoutMs - _loop.NowMs));
        }
    }

    /// <summary>One connection, from the attempt to its loss; ends with the next attempt begun, or put off. Nothing escapes from it.</summary>
    private async Task ServeAsync()
    {
        string? failure;
        var wasUp = false;
        try
        {
            failure = await ConnectAsync();
            _loop.Cancel(_patience);
            _isOpening = false;
            if (failure is null && !_isClosing)
            {
                wasUp = true;
                BeUp();
                await ReadAsync();
                failure = _refusal ?? "the connection has ended";
            }
        }
        catch (Exception error)
        {
            _owner.OnBug(error);
            failure = "an error of lb itself";
        }

        _loop.Cancel(_patience);
        (_isUp, _isOpening, _refusal, _connecting, _shaking) = (false, false, null, null, null);
        Drop();
        if (_isClosing)
        {
            EndCalls(RedisOutcome.Lost);
            End();
        }
        else if (wasUp && !_isFailing)
        {
            // Lost, and not silent: perhaps the server was only started again. What comes now waits for the next connection.
            EndCalls(RedisOutcome.Lost);
            _loop.Schedule(_pause, 0);
        }
        else
        {
            Fail(failure ?? "the connection has ended", RedisOutcome.Lost);
            _loop.Schedule(_pause, _pauseMs);
            _pauseMs = Math.Min(_pauseMs * 2, LongestPauseMs);
        }
    }

    /// <summary>Connects to one of the addresses; null where it did, or why it did not.</summary>
    private async Task<string?> ConnectAsync()
    {
        string? failure = null;
        for (var tried = 0; tried < Node.Addresses.Length; tried++)
        {
            var at = _nextAddress % Node.Addresses.Length;
            var place = Node.Addresses[at];
            var addresses = place.Fixed is { } known ? [known] : await LookUpAsync(place);
            failure = addresses.Length == 0 ? $"the name {place.Host} has no address" : failure;
            foreach (var address in addresses)
            {
                _loop.Schedule(_patience, PatienceMs);
                failure = await ConnectAsync(at, address);
                if (failure is null || _isClosing)
                {
                    return failure;
                }

                failure = $"{Configuration.AddressText.Print(address)}: {failure}";
            }

            _nextAddress++;
        }

        return failure;
    }

    private async Task<EndPoint[]> LookUpAsync(RedisAddress place)
    {
        var found = await _owner.LookUpAsync(place.Host);
        await _loop;
        var addresses = new EndPoint[found.Length];
        for (var index = 0; index < found.Length; index++)
        {
            addresses[index] = new IPEndPoint(found[index], place.Port);
        }

        return addresses;
    }

    private async Task<string?> ConnectAsync(int place, EndPoint address)
    {
        var attempt = ConnectAttempt.StartAsync(_loop, address, TimeSpan.FromMilliseconds(PatienceMs), out _connecting);
        var (socket, fault) = await attempt;
        _connecting = null;
        if (socket is null)
        {
            return fault.Kind == FaultKind.ConnectTimeout ? "no connection in time" : $"no connection ({fault.Reason})";
        }

        if (_isClosing)
        {
            socket.Close();
            return "closed";
        }

        if (Node.TlsOf(place) is { } tls)
        {
            _shaking = socket;
            fault = await tls.ShakeAsync(socket, address, [], TimeSpan.FromMilliseconds(PatienceMs));
            _shaking = null;
            if (fault.Failed)
            {
                socket.Reset();
                return $"no TLS: {Node.TlsFailure ?? fault.Reason}";
            }
        }

        _connection = new EpollConnection(socket, address);
        _connection.Observe();
        _connection.PutsOffSends = true;
        var failure = await new RedisGreeting(_owner.Options, Node.Addresses[place], _owner.Time).MeetAsync(_connection.Transport, _mustBeQuick);
        if (failure is not null)
        {
            Drop();
        }

        return failure;
    }

    private void Drop()
    {
        if (_connection is { } connection)
        {
            _connection = null;
            connection.Abort();
            connection.Transport.Input.Complete();
            connection.Transport.Output.Complete();
        }
    }

    private void BeUp()
    {
        (_isUp, _isFlushing, _isUnsent, _mustBeQuick) = (true, false, false, false);
        if (_isFailing)
        {
            _isFailing = false;
            BeWell();
        }

        foreach (var call in _calls)
        {
            call.WriteTo(_connection!.Transport.Output);
        }

        if (_calls.Count > 0)
        {
            Flush(_connection!.Transport.Output);
        }
    }

    /// <summary>Takes answers until the connection is lost.</summary>
    private async Task ReadAsync()
    {
        var input = _connection!.Transport.Input;
        while (true)
        {
            var read = await input.ReadAsync();
            var consumed = read.Buffer.GetPosition(TakeAll(read.Buffer));
            if (_refusal is not null || read.IsCompleted)
            {
                return;
            }

            input.AdvanceTo(consumed, read.Buffer.End);
            if (_isClosing && _calls.Count == 0)
            {
                return;
            }
        }
    }

    /// <summary>Takes every whole answer, and says how many bytes they were.</summary>
    private long TakeAll(in ReadOnlySequence<byte> buffer)
    {
        if (buffer.IsSingleSegment)
        {
            return TakeAll(buffer.FirstSpan);
        }

        // An answer that lies in two blocks: seldom, so a copy is simpler than a reader of pieces.
        var copy = ArrayPool<byte>.Shared.Rent((int)buffer.Length);
        buffer.CopyTo(copy);
        var taken = TakeAll(copy.AsSpan(0, (int)buffer.Length));
        ArrayPool<byte>.Shared.Return(copy);
        return taken;
    }

    private int TakeAll(ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        while (at < bytes.Length && _refusal is null)
        {
            var status = RespReader.TryRead(bytes[at..], out var reply, out var length);
            if (status == RespStatus.Incomplete)
            {
                break;
            }

            if (status == RespStatus.Malformed || _calls.Count == 0)
            {
                _refusal = "what it answers is not the protocol of Redis";
                break;
            }

            at += length;
            Take(reply);
        }

        return at;
    }

    private void Take(in RedisReply reply)
    {
        var call = _calls.Peek();
        if (call.IsAsking)
        {
            call.IsAsking = false;
            return;
        }

        _calls.Dequeue();
        WatchOldest();
        if (reply.Kind != RedisReplyKind.Error)
        {
            // Not before: one that greets and serves nothing is asked less and less often.
            _pauseMs = FirstPauseMs;
            if (_isErring && call.Script is not null && _loop.NowMs - _erredMs >= DoubtMs)
            {
                BeWell();
            }
        }
        else if (TakeError(call, reply))
        {
            return;
        }
        else if (reply.IsError("MOVED"))
        {
            Err(reply.Error, "it is a node of a cluster: set 'cluster: true' in state.redis");
        }
        else if (call.Script is not null)
        {
            Err(reply.Error, $"its scripts fail: {Configuration.ScalarNode.Clean(reply.Cause)}");
        }

        Node.Count(_loop.Index, reply.Kind == RedisReplyKind.Error ? RedisOutcome.Error : RedisOutcome.Answered);
        Node.Latency.Record(_loop.Index, _owner.Time.GetElapsedTime(call.Sent));
        call.Complete(reply);
    }

    /// <summary>True where the error is about how or where it was asked, and not for whoever did.</summary>
    private bool TakeError(RedisCall call, in RedisReply reply)
    {
        if (call.Script is not null && !call.IsWhole && reply.IsError("NOSCRIPT"))
        {
            call.IsWhole = true;
            Send(call);
            return true;
        }

        if (_owner.TryRedirect(call, reply, Node))
        {
            return true;
        }

        if (_owner.Options.Cluster && (reply.IsError("MOVED") || reply.IsError("ASK")))
        {
            return Lose(call);
        }

        // A replica, since a failover, or a server that reads its data: another address may be the one, or this one in a moment.
        return reply.IsCausedBy("READONLY") ? Refuse(call, Replica)
            : (reply.IsError("LOADING") || reply.IsError("MASTERDOWN")) && Refuse(call, "it is reading its data");
    }

    /// <summary>Turns away from a server that answers and is no use; always true.</summary>
    private bool Refuse(RedisCall call, string refusal)
    {
        _refusal = refusal;
        _nextAddress++;
        Fail(refusal);
        return Lose(call);
    }

    /// <summary>Ends a command that the server has not done: where its key is, nobody can be asked. Always true.</summary>
    private bool Lose(RedisCall call)
    {
        Node.Count(_loop.Index, RedisOutcome.Error);
        call.Complete(RedisReply.Undone);
        return true;
    }
}
