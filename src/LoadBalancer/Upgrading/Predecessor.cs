using System.Globalization;
using System.Text.Json;
using LoadBalancer.Daemon.State;
using LoadBalancer.Daemon.Systemd;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Daemon.Upgrading;

/// <summary>
/// The process that this one replaces, and what it has handed over (<see cref="Upgrade"/>). It goes on serving until this one says that it is
/// ready. Used by the start of the daemon alone; calls block.
/// </summary>
internal sealed class Predecessor : IDisposable
{
    /// <summary>The environment variable that names the descriptor of the way to it.</summary>
    public const string Variable = "LB_HANDOVER";

    /// <summary>The first message: who speaks, and in which form.</summary>
    public const string Greeting = "lb 1";

    public const string Listener = "listener ";
    public const string Activated = "activated ";
    public const string Lock = "lock ";

    /// <summary>How many upgrades were done and have failed so far, this one left out.</summary>
    public const string Upgrades = "upgrades ";

    /// <summary>Notes of endpoints follow, be they none: they are all that there are.</summary>
    public const string Notes = "notes";

    /// <summary>One of them, as JSON.</summary>
    public const string Note = "note ";
    public const string Complete = "complete";

    /// <summary>The id of the process that was started in place of the one that says so (<see cref="Detachment"/>): all else comes from that one.</summary>
    public const string Detached = "detached ";
    public const string Ready = "ready";
    public const string Failed = "failed ";
    public const string Yours = "yours";

    /// <summary>As <see cref="Yours"/>, from a process that shares usage and has not told of the present month: what was told of that before it, it has not taken up.</summary>
    public const string YoursUntold = "yours untold";
    public const string Accepting = "accepting";

    /// <summary>After all that, as long as it lives: how many earlier processes still run, it among them, and their connections.</summary>
    public const string Draining = "draining ";

    /// <summary>The last word: this process has stopped in order.</summary>
    public const string Stopped = "stopped";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LeavingPatience = TimeSpan.FromSeconds(5);

    /// <summary>How long it may say nothing before it is taken for one that stands still; it says something every second.</summary>
    private static readonly TimeSpan SilencePatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly DescriptorChannel _channel;
    private readonly List<(int Descriptor, string Name)> _activated = [];
    private readonly TaskCompletionSource _isLeaving = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _hasEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private (string Path, int Descriptor)? _lock;
    private List<EndpointNote>? _notes;
    private volatile bool _isDisposed;
    private long _heardAt;

    private Predecessor(DescriptorChannel channel) => _channel = channel;

    /// <summary>Its listening sockets.</summary>
    public InheritedListeners Listeners { get; } = new();

    /// <summary>What operators have said of endpoints; null where it has not told, as earlier versions do not.</summary>
    public IReadOnlyList<EndpointNote>? EndpointNotes => _notes;

    /// <summary>How upgrades went, this one among them.</summary>
    public UpgradeTally Tally { get; private set; } = new() { Done = 1 };

    /// <summary>The process that started this one to be replaced by it, with all that it hands over; null where nobody did.</summary>
    /// <exception cref="IOException">It says nothing that makes sense.</exception>
    public static Predecessor? Of(ServiceEnvironment service)
    {
        if (service.Take(Variable) is not { } number)
        {
            return null;
        }

        var channel = DescriptorChannel.Inherited(int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var descriptor) ? descriptor : -1);
        var predecessor = new Predecessor(channel);
        if (channel.Receive(Patience, out _, out _) is var greeting && greeting != Greeting)
        {
            predecessor.Fail($"it expects '{Greeting}' and was told '{greeting}': these versions cannot replace each other; restart lb");
            throw new IOException($"{Variable}={number}: whoever is there is no lb that this one can replace");
        }

        while (channel.Receive(Patience, out var descriptors, out _) is { } message)
        {
            if (message == Complete)
            {
                return predecessor;
            }

            predecessor.Take(message, descriptors);
        }

        throw new IOException("the process that was to be replaced did not hand over all that it has");
    }

    /// <summary>The service manager's sockets that it had.</summary>
    public ActivatedSockets TakeActivated() => ActivatedSockets.Of(_activated);

    /// <summary>The lock of the state folder at <paramref name="path"/>; null where it had another, or none.</summary>
    public int? TakeLock(string path)
    {
        var held = _lock;
        _lock = null;
        if (held is { } other && other.Path != path)
        {
            Libc.Close(other.Descriptor);
            return null;
        }

        return held?.Descriptor;
    }

    /// <summary>Says why this process cannot take its place.</summary>
    public void Fail(string reason) => _channel.Send(Failed + reason[..Math.Min(reason.Length, 1000)], Patience);

    /// <summary>Says that this process is ready, and waits until it may accept: that is also where the other one is gone.</summary>
    /// <returns>False where the other one has not told of the present month's usage (<see cref="YoursUntold"/>).</returns>
    public bool AwaitTurn()
    {
        _channel.Send(Ready, Patience);
        return _channel.Receive(Patience, out _, out _) != YoursUntold;
    }

    /// <summary>Says that this process accepts, so that the other one leaves.</summary>
    public void SayAccepting() => _channel.Send(Accepting, Patience);

    /// <summary>Hears, from here on, what it still has, until it has ended (<see cref="UpgradeTally.DrainingProcesses"/>).</summary>
    /// <returns>Ends with the first word of it, or with it: this process is the service manager's main one then.</returns>
    public async Task FollowAsync()
    {
        // A thread of its own, because a receive blocks, and this may take as long as a drain.
        Tally.Drains(1, 0);
        Interlocked.Exchange(ref _heardAt, TimeProvider.System.GetTimestamp());
        new Thread(Listen) { IsBackground = true, Name = "lb predecessor" }.Start();
        await Task.WhenAny(_isLeaving.Task, Task.Delay(LeavingPatience, TimeProvider.System));
    }

    /// <summary>Waits until it has ended too, or stands still: it has a deadline of its own.</summary>
    /// <param name="waits">Called once a second meanwhile, with how long the next second may last.</param>
    /// <param name="hurry">Ends the wait.</param>
    public async Task AwaitEndAsync(Action<TimeSpan> waits, CancellationToken hurry)
    {
        while (!_hasEnded.Task.IsCompleted && !hurry.IsCancellationRequested && TimeProvider.System.GetElapsedTime(Interlocked.Read(ref _heardAt)) < SilencePatience)
        {
            waits(SilencePatience);
            await Task.WhenAny(_hasEnded.Task, Task.Delay(LookEvery, TimeProvider.System, hurry));
        }
    }

    /// <summary>Says that this process has stopped in order.</summary>
    public void SayStopped() => _channel.Send(Stopped, LeavingPatience);

    /// <inheritdoc/>
    public void Dispose()
    {
        _isDisposed = true;
        _channel.Dispose();
    }

    private void Listen()
    {
        while (!_isDisposed)
        {
            var message = _channel.Receive(Patience, out _, out var late);
            if (message is null && !late)
            {
                break;
            }

            _isLeaving.TrySetResult();
            if (!late)
            {
                Interlocked.Exchange(ref _heardAt, TimeProvider.System.GetTimestamp());
            }

            if (message?.StartsWith(Draining, StringComparison.Ordinal) == true && Numbers(message[Draining.Length..]) is [var processes, var connections])
            {
                Tally.Drains((int)processes, (int)connections);
            }
        }

        _isLeaving.TrySetResult();
        Tally.Drains(0, 0);
        _hasEnded.TrySetResult();
    }

    private static long[] Numbers(string words) =>
        [.. words.Split(' ').Select(word => long.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0)];

    private static EndpointNote? ReadNote(string json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, StateJson.Default.EndpointNote);
        }
        catch (JsonException)
        {
            // Of a version that writes them differently.
            return null;
        }
    }

    private void Take(string message, int[] descriptors)
    {
        if (message.StartsWith(Listener, StringComparison.Ordinal))
        {
            Listeners.Add(message[Listener.Length..], descriptors);
        }
        else if (message.StartsWith(Activated, StringComparison.Ordinal))
        {
            _activated.AddRange(descriptors.Select(descriptor => (descriptor, message[Activated.Length..])));
        }
        else if (message.StartsWith(Lock, StringComparison.Ordinal) && descriptors is [var held])
        {
            _lock = (message[Lock.Length..], held);
        }
        else if (message.StartsWith(Upgrades, StringComparison.Ordinal) && Numbers(message[Upgrades.Length..]) is [var done, var failed, ..])
        {
            Tally = new UpgradeTally { Done = done + 1, Failed = failed };
        }
        else if (message == Notes)
        {
            _notes = [];
        }
        else if (message.StartsWith(Note, StringComparison.Ordinal))
        {
            if (ReadNote(message[Note.Length..]) is { } note)
            {
                _notes?.Add(note);
            }
        }
        else
        {
            // A later version may hand over more.
            foreach (var descriptor in descriptors)
            {
                Libc.Close(descriptor);
            }
        }
    }
}
