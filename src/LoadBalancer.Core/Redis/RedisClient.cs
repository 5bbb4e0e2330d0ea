using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using LoadBalancer.Tls;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Redis;

/// <summary>
/// Asks a Redis, or a cluster of them: each loop over connections of its own, without waiting for another loop. It never fails and never waits long: a
/// server that cannot be asked is an answer (<see cref="RedisReplyKind.Unavailable"/>). Thread-safe, where a method does not say otherwise.
/// </summary>
/// <remarks>The figure: <c>RedisClient ─► RedisLoop, one a loop ─► RedisLink, one a loop and node ─► RedisCall, in order</c>; what loops share of a node is in <see cref="RedisNode"/>.</remarks>
internal sealed class RedisClient
{
    /// <summary>How long a name may take to be looked up.</summary>
    private static readonly TimeSpan LookUpPatience = TimeSpan.FromSeconds(1);

    private readonly RedisLoop[] _loops;
    private readonly ConcurrentDictionary<string, RedisNode> _nodes = [];
    private readonly ConcurrentDictionary<string, IPAddress[]> _known = [];
    private readonly TlsOutfit? _tls;
    private readonly Action<RedisReport> _report;
    private readonly int _loopCount;

    /// <summary>A client that is not connected; <see cref="Open"/> begins.</summary>
    /// <param name="options">Where, and how.</param>
    /// <param name="loops">Who asks.</param>
    /// <param name="time">The clock.</param>
    /// <param name="tls">What TLS is spoken with; null where no address wants it.</param>
    /// <param name="report">Is told when a node is lost and found; on any thread.</param>
    /// <param name="onBug">Is told of an error of this program.</param>
    /// <exception cref="TlsSetupException">A file of the TLS is no use.</exception>
    public RedisClient(RedisOptions options, ReadOnlySpan<EventLoop> loops, TimeProvider time, TlsOutfit? tls, Action<RedisReport> report, Action<Exception> onBug)
    {
        (Options, Time, _tls, _report, OnBug, _loopCount) = (options, time, tls, report, onBug, loops.Length);
        Seeds = options.Cluster
            ? [.. Array.ConvertAll<RedisAddress, RedisNode>([.. options.Address], NodeOf)]
            : [_nodes.GetOrAdd(options.Address[0].Label, Node([.. options.Address]))];
        _loops = new RedisLoop[loops.Length];
        for (var index = 0; index < loops.Length; index++)
        {
            _loops[index] = new RedisLoop(this, loops[index]);
        }
    }

    /// <summary>What the file says.</summary>
    public RedisOptions Options { get; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; }

    /// <summary>Where it begins: the one server, or nodes of the cluster.</summary>
    public ImmutableArray<RedisNode> Seeds { get; }

    /// <summary>Every server that is asked; of a cluster without those that were away for long, and that nobody wanted.</summary>
    public IEnumerable<RedisNode> Nodes => _nodes.Values;

    /// <summary>Is told of an error of this program.</summary>
    internal Action<Exception> OnBug { get; }

    /// <summary>Begins to connect.</summary>
    public void Open()
    {
        foreach (var loop in _loops)
        {
            loop.Loop.Post(static loop => ((RedisLoop)loop!).Open(), loop);
        }
    }

    /// <summary>Takes no more commands, and closes the connections when those under way have ended.</summary>
    public Task CloseAsync() => Task.WhenAll(Array.ConvertAll(_loops, static loop => loop.Loop.RunAsync(static loop => ((RedisLoop)loop!).Close(), loop)));

    /// <summary>Sends a command; completes inline on the loop. Only on the thread of <paramref name="loop"/>.</summary>
    /// <param name="loop">The loop of the calling thread.</param>
    /// <param name="command">The command, which is not looked at after the call.</param>
    public ValueTask<RedisReply> SendAsync(EventLoop loop, in RedisCommand command) => _loops[loop.Index].SendAsync(command);

    /// <summary>Sends a command whose reply nobody wants. Only on the thread of <paramref name="loop"/>.</summary>
    public void Send(EventLoop loop, in RedisCommand command) => _loops[loop.Index].Send(command);

    /// <summary>Asks from any thread, and goes on on any: for what is not asked often.</summary>
    /// <param name="script">The script.</param>
    /// <param name="words">Its keys and arguments.</param>
    public Task<RedisReply> AskAsync(RedisScript script, params byte[][] words) => AskAsync(script, "", words);

    /// <summary>Asks from any thread, and goes on on any: for what is not asked often.</summary>
    /// <param name="name">The command.</param>
    /// <param name="words">Its words.</param>
    public Task<RedisReply> AskAsync(string name, params byte[][] words) => AskAsync(null, name, words);

    /// <summary>The node at an address of a cluster, for one who asks it until <see cref="Forget"/>.</summary>
    /// <exception cref="TlsSetupException">A file of the TLS is no use.</exception>
    internal RedisNode NodeOf(RedisAddress address)
    {
        // Rule zero: a lock, because a node is met once by each loop.
        lock (_nodes)
        {
            var node = _nodes.GetOrAdd(address.Label, static (_, made) => made.Client.Node([made.Address]), (Client: this, Address: address));
            node.Users++;
            return node;
        }
    }

    /// <summary>Somebody asks the node no more; whoever does so last takes it from <see cref="Nodes"/>.</summary>
    internal void Forget(RedisNode node)
    {
        // Rule zero: a lock, as above.
        lock (_nodes)
        {
            if (--node.Users == 0)
            {
                _nodes.TryRemove(node.Name, out _);
            }
        }
    }

    /// <summary>The addresses of a name: those that it had before, where it cannot be looked up in time.</summary>
    internal async Task<IPAddress[]> LookUpAsync(string name)
    {
        try
        {
            using var patience = new CancellationTokenSource(LookUpPatience, Time);
            var found = await Dns.GetHostAddressesAsync(name, patience.Token).WaitAsync(patience.Token);
            return _known[name] = found;
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            return _known.GetValueOrDefault(name) ?? [];
        }
    }

    private RedisNode Node(ImmutableArray<RedisAddress> addresses) => new(addresses, Options.Tls, _tls, _loopCount, _report);

    private Task<RedisReply> AskAsync(RedisScript? script, string name, byte[][] words)
    {
        var done = new TaskCompletionSource<RedisReply>(TaskCreationOptions.RunContinuationsAsynchronously);
        var loop = _loops[0];
        loop.Loop.Post(_ => Ask(), null);
        return done.Task;

        void Ask()
        {
            var length = RedisCommand.RoomFor(name.Length);
            foreach (var word in words)
            {
                length += RedisCommand.RoomFor(word.Length);
            }

            var room = new byte[length];
            var command = script is null ? new RedisCommand(System.Text.Encoding.ASCII.GetBytes(name), room) : new RedisCommand(script, room);
            foreach (var word in words)
            {
                command.Add(word);
            }

            Await(loop.SendAsync(command));
        }

        async void Await(ValueTask<RedisReply> reply) => done.SetResult(await reply);
    }
}
