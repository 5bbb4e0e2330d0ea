// One file: a turn, and what may be touched only within one.
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// One thread, one epoll, and everything that belongs to the connections on it. The one rule of threads: what belongs to
/// a connection is touched only here, so it needs no lock. From elsewhere, <see cref="Post"/> or <c>await loop</c> first.
/// </summary>
/// <remarks>
/// A turn: wait → dispatch what is ready, and send what that led to (<see cref="SendBatch"/>) → run what was posted → fire timers, and send again.
/// No SynchronizationContext is installed: an await inside continues inline on this thread when our own sources complete it.
/// Nothing here may block; <see cref="LoopWatchdog"/> reports a turn that takes too long.
/// </remarks>
internal sealed unsafe class EventLoop
{
    /// <summary>The size of <see cref="Scratch"/>, and the most that one read takes, in bytes.</summary>
    public const int ScratchBytes = 64 * 1024;

    /// <summary>The size of <see cref="LargeBlocks"/>: a full read, or a body of 64 KiB with the head before it, in bytes.</summary>
    public const int LargeBlockBytes = ScratchBytes + (8 * 1024);

    /// <summary>The size of <see cref="SmallBlocks"/> in bytes: the heads of most requests.</summary>
    public const int SmallBlockBytes = 2 * 1024;

    /// <summary>What a source may read before it lets others have their turn, in bytes.</summary>
    public const int ByteBudget = 4 * ScratchBytes;

    /// <summary>
    /// The same for a source whose bytes pass through a <see cref="KernelPipe"/>, in bytes: two full pipes. The kernel moves them in less
    /// time than it copies <see cref="ByteBudget"/>; after one pipe each turn of the loop would be for one move.
    /// </summary>
    public const int PipedByteBudget = 2 * KernelPipe.Capacity;

    private const int EventsPerTurn = 256;

    /// <summary>The clock is looked at (30 ns) after so many events; a request is two or three.</summary>
    private const int EventsPerLook = 4;

    private const ulong WakeData = ulong.MaxValue;

    /// <summary>struct epoll_event is packed on x64 and naturally aligned elsewhere (epoll_ctl(2)).</summary>
    private static readonly int EventBytes = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private static readonly int EventDataOffset = EventBytes - 8;

    [ThreadStatic]
    private static EventLoop? _current;

    private readonly TimeProvider _time;
    private readonly long _timestampsPerMs;
    private readonly Action<EventLoop, Exception> _onUnhandledError;
    private readonly Action<Exception> _onTimerError;
    private readonly ConcurrentQueue<Posted> _posted = new();
    private readonly Thread _thread;
    private readonly int _epoll;
    private readonly int _wake;
    private readonly byte[] _events = GC.AllocateUninitializedArray<byte>(EventsPerTurn * 16, pinned: true);
    private readonly TimerWheel _timers;
    private LoopSource?[] _sources = new LoopSource?[64];
    private uint[] _generations = new uint[64];
    private readonly Stack<int> _freeSlots = new();
    private int _usedSlots;
    private int _wakeRequested;
    private bool _stopping;
    private bool _ended;
    private long _busySince;

    /// <summary>A loop that is not running yet.</summary>
    /// <param name="index">Its number among its fellows, from 0; also the index of its counter cells.</param>
    /// <param name="time">The clock of its timers.</param>
    /// <param name="onUnhandledError">Takes an exception that escaped from a callback; the loop goes on.</param>
    /// <exception cref="IOException">The system gave no epoll or eventfd.</exception>
    public EventLoop(int index, TimeProvider time, Action<EventLoop, Exception> onUnhandledError)
    {
        Index = index;
        _time = time;
        _onUnhandledError = onUnhandledError;
        _onTimerError = error => _onUnhandledError(this, error);
        _epoll = Libc.EpollCreate(SocketConstants.TypeCloseOnExec);
        if (_epoll < 0)
        {
            throw new IOException($"cannot create an epoll for loop {index}: {Libc.LastErrno}");
        }

        _wake = Libc.EventDescriptor(0, SocketConstants.TypeNonBlocking | SocketConstants.TypeCloseOnExec);
        if (_wake < 0 || Control(EpollOperation.Add, _wake, EpollFlags.In | EpollFlags.EdgeTriggered, WakeData) != Errno.None)
        {
            throw new IOException($"cannot create the wake-up descriptor of loop {index}: {Libc.LastErrno}");
        }

        Meter = new LoopMeter(time, EventsPerTurn);
        Sends = new SendBatch(this);
        _timestampsPerMs = time.TimestampFrequency / 1000;
        NowMs = time.GetTimestamp() / _timestampsPerMs;
        _timers = new TimerWheel(NowMs);
        Blocks = new BlockPool(this, blockBytes: 16 * 1024, keptBytes: 2 * 1024 * 1024);
        SmallBlocks = new BlockPool(this, SmallBlockBytes, keptBytes: 1024 * 1024);
        LargeBlocks = new BlockPool(this, LargeBlockBytes, keptBytes: 4 * 1024 * 1024);
        _thread = new Thread(Run) { IsBackground = true, Name = $"lb-loop-{index}" };
    }

    /// <summary>Its number among its fellows, from 0.</summary>
    public int Index { get; }

    /// <summary>The loop whose thread this is, or null.</summary>
    public static EventLoop? Current => _current;

    /// <summary>True on this loop's thread.</summary>
    public bool InLoop => _current == this;

    /// <summary>The time in milliseconds of a clock that only goes forward, as of the latest few events of this turn: a turn may be long. Read on the loop.</summary>
    public long NowMs { get; private set; }

    /// <summary>A buffer that anyone on the loop may use until they return from the callback they are in; pinned.</summary>
    public byte[] Scratch { get; } = GC.AllocateUninitializedArray<byte>(ScratchBytes, pinned: true);

    /// <summary>As <see cref="Scratch"/>, for encrypted bytes: a full one of that and what the records add; pinned.</summary>
    public byte[] WireScratch => field ??= GC.AllocateUninitializedArray<byte>(LargeBlockBytes, pinned: true);

    /// <summary>Blocks of 16 KiB, for pipes and for small remainders.</summary>
    public BlockPool Blocks { get; }

    /// <summary>Blocks of <see cref="SmallBlockBytes"/>, for what has to wait for its rest.</summary>
    public BlockPool SmallBlocks { get; }

    /// <summary>Blocks of <see cref="LargeBlockBytes"/>, for what a slow reader left of a full read, and for streams of which much is to come.</summary>
    public BlockPool LargeBlocks { get; }

    /// <summary>What it measures of itself. Any thread may read it.</summary>
    public LoopMeter Meter { get; }

    /// <summary>What is sent when the events at hand have been looked at.</summary>
    public SendBatch Sends { get; }

    /// <summary>Pipes of the kernel's, for streams that are passed on without a copy.</summary>
    public PipePool Pipes { get; } = new();

    /// <summary>How often it has turned. Any thread may read it.</summary>
    public long Turns => Meter.Turns;

    /// <summary>Since when the current turn has been at work, as <see cref="TimeProvider.GetTimestamp"/>; 0 while it waits. Any thread may read it.</summary>
    public long BusySince => Volatile.Read(ref _busySince);

    /// <summary>How many sources it watches: sockets, two for each proxied connection. Exact on the loop; elsewhere it may be a moment off.</summary>
    public int SourceCount => _usedSlots - _freeSlots.Count;

    /// <summary>How many of them are of clients, which may need another for an endpoint. Set on the loop; elsewhere it may be a moment off.</summary>
    public int Clients { get; set; }

    /// <summary>How many timers wait. Read on the loop.</summary>
    public int TimerCount => _timers.Count;

    /// <summary>Starts the thread.</summary>
    public void Start() => _thread.Start();

    /// <summary>Ends the loop after the turn at hand. What is posted before this is still run; sources are not closed.</summary>
    public void Stop()
    {
        Volatile.Write(ref _stopping, true);
        Wake();
    }

    /// <summary>Waits for the thread to end after <see cref="Stop"/>; not to be called on a loop.</summary>
    public void Join() => _thread.Join();

    /// <summary>Runs <paramref name="callback"/> on the loop, in the order of posting. Any thread; on the loop itself it runs later in the same turn or in the next.</summary>
    public void Post(Action<object?> callback, object? state)
    {
        _posted.Enqueue(new Posted(callback, state));
        if (!InLoop)
        {
            Wake();
        }
    }

    /// <summary>
    /// Runs <paramref name="callback"/> on the loop for somebody elsewhere, who goes on elsewhere: unlike after
    /// <c>await loop</c>, what follows the await is not on the loop's thread.
    /// </summary>
    public Task RunAsync(Action<object?> callback, object? state)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(
            _ =>
            {
                try
                {
                    callback(state);
                    done.SetResult();
                }
                catch (Exception error)
                {
                    done.SetException(error);
                }
            },
            null);
        return done.Task;
    }

    /// <summary>Makes the loop turn once, for example after a manual clock has moved. Any thread.</summary>
    public void Wake()
    {
        if (Interlocked.Exchange(ref _wakeRequested, 1) == 0 && !Volatile.Read(ref _ended))
        {
            ulong one = 1;
            Libc.Write(_wake, &one, sizeof(ulong));
        }
    }

    /// <summary><c>await loop</c>: what follows runs on the loop; without a hop where it does already.</summary>
    public LoopAwaiter GetAwaiter() => new(this);

    /// <summary><c>await loop.Yield()</c>: what follows runs on the loop when everything else of this turn has had its go. On the loop.</summary>
    public LoopYield Yield() => new(this);

    /// <summary>Makes <paramref name="timer"/> fall due after <paramref name="delay"/>, instead of whatever it waited for.</summary>
    public void Schedule(LoopTimer timer, TimeSpan delay) => Schedule(timer, (long)delay.TotalMilliseconds);

    /// <summary>Makes <paramref name="timer"/> fall due after <paramref name="delayMs"/>, instead of whatever it waited for.</summary>
    public void Schedule(LoopTimer timer, long delayMs)
    {
        AssertInLoop();
        _timers.Schedule(timer, NowMs, delayMs);
    }

    /// <summary>Takes <paramref name="timer"/> off, if it waits.</summary>
    public void Cancel(LoopTimer timer)
    {
        AssertInLoop();
        _timers.Cancel(timer);
    }

    /// <summary>Watches <paramref name="descriptor"/> for <paramref name="source"/>.</summary>
    /// <returns><see cref="Errno.None"/>, or why the kernel refused.</returns>
    public Errno Add(LoopSource source, int descriptor, EpollFlags interest)
    {
        AssertInLoop();
        var slot = _freeSlots.Count > 0 ? _freeSlots.Pop() : NewSlot();
        var error = Control(EpollOperation.Add, descriptor, interest, ((ulong)_generations[slot] << 32) | (uint)slot);
        if (error != Errno.None)
        {
            _freeSlots.Push(slot);
            return error;
        }

        _sources[slot] = source;
        source.Slot = slot;
        return Errno.None;
    }

    /// <summary>Forgets <paramref name="source"/>, events of this turn included. The kernel forgets a descriptor when it is closed; one that stays open is given.</summary>
    public void Remove(LoopSource source, int stillOpen = -1)
    {
        AssertInLoop();
        var slot = source.Slot;
        if (slot < 0)
        {
            return;
        }

        source.Slot = -1;
        _sources[slot] = null;
        _generations[slot]++;
        _freeSlots.Push(slot);
        if (stillOpen >= 0)
        {
            Control(EpollOperation.Delete, stillOpen, EpollFlags.None, 0);
        }
    }

    /// <summary>Debug builds stop where the one rule of threads is broken.</summary>
    [Conditional("DEBUG")]
    public void AssertInLoop() => Debug.Assert(InLoop, "called off its loop: post, or await the loop, first");

    private void Run()
    {
        _current = this;
        TimeSlice.Shorten();
        Meter.Begin();
        while (!Volatile.Read(ref _stopping))
        {
            Turn();
        }

        // Whoever still posts must not write to a descriptor that has another owner by then.
        Volatile.Write(ref _ended, true);
        RunPosted();
        Sends.Send();
        Meter.End();
        Pipes.Close();
        Libc.Close(_wake);
        Libc.Close(_epoll);
    }

    private void Turn()
    {
        var timeoutMs = _posted.IsEmpty ? _timers.UntilNextMs(NowMs) : 0;
        Volatile.Write(ref _busySince, 0);
        int ready;
        fixed (byte* events = _events)
        {
            ready = Libc.EpollWait(_epoll, events, EventsPerTurn, timeoutMs);
        }

        var now = _time.GetTimestamp();
        Volatile.Write(ref _busySince, now);
        var asked = NowMs = now / _timestampsPerMs;
        Meter.Turn(ready, now);

        for (var at = 0; at < ready;)
        {
            for (var end = Math.Min(ready, at + SendBatch.Events); at < end; at++)
            {
                Dispatch(_events.AsSpan(at * EventBytes, EventBytes));
                if (at % EventsPerLook == EventsPerLook - 1)
                {
                    LookAtClock();
                }
            }

            Sends.Send();
        }

        RunPosted();

        // Up to when the kernel was asked: whose time was over since then may have an answer that nobody has looked at.
        _timers.Advance(asked, _onTimerError);
        Sends.Send();
        Meter.TurnEnded();
    }

    // What is given a time late in a long turn is to have all of it.
    private void LookAtClock() => NowMs = _time.GetTimestamp() / _timestampsPerMs;

    private void Dispatch(ReadOnlySpan<byte> epollEvent)
    {
        var data = MemoryMarshal.Read<ulong>(epollEvent[EventDataOffset..]);
        if (data == WakeData)
        {
            return;
        }

        // A source that was removed earlier in this turn has another generation: its event is stale.
        var slot = (int)(uint)data;
        if (_generations[slot] != (uint)(data >> 32) || _sources[slot] is not { } source)
        {
            return;
        }

        try
        {
            source.OnEvents(MemoryMarshal.Read<EpollFlags>(epollEvent));
        }
        catch (Exception error)
        {
            Lose(source, error);
        }
    }

    /// <summary>An exception escaped from what a source led to: one connection is lost, never the loop with all its others.</summary>
    internal void Lose(LoopSource source, Exception error)
    {
        _onUnhandledError(this, error);
        source.OnUnhandledError();
    }

    private void RunPosted()
    {
        Volatile.Write(ref _wakeRequested, 0);
        Interlocked.MemoryBarrier();

        // Only what was there at the start: work that posts itself again waits for the next turn, after the sockets.
        for (var count = _posted.Count; count > 0 && _posted.TryDequeue(out var posted); count--)
        {
            try
            {
                posted.Callback(posted.State);
                LookAtClock();
            }
            catch (Exception error)
            {
                _onUnhandledError(this, error);
            }
        }
    }

    private int NewSlot()
    {
        if (_usedSlots == _sources.Length)
        {
            Array.Resize(ref _sources, _usedSlots * 2);
            Array.Resize(ref _generations, _usedSlots * 2);
        }

        return _usedSlots++;
    }

    private Errno Control(EpollOperation operation, int descriptor, EpollFlags interest, ulong data)
    {
        var epollEvent = stackalloc byte[16];
        Unsafe.WriteUnaligned(epollEvent, (uint)interest);
        Unsafe.WriteUnaligned(epollEvent + EventDataOffset, data);
        return Libc.EpollControl(_epoll, (int)operation, descriptor, epollEvent) < 0 ? Libc.LastErrno : Errno.None;
    }

    private readonly record struct Posted(Action<object?> Callback, object? State);

    private enum EpollOperation
    {
        Add = 1,
        Delete = 2,
    }
}
