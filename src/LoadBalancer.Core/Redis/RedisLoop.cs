using System.Globalization;
using System.Net;
using LoadBalancer.Tls;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Redis;

/// <summary>What one loop has of a Redis: its connections, its calls, and where it has learnt that keys are. Touched only on its loop.</summary>
internal sealed class RedisLoop
{
    /// <summary>Nodes that a loop connects to at most: as many as a cluster may have.</summary>
    public const int MostNodes = 1000;

    // What a burst leaves behind beyond this is the collector's.
    private const int KeptCalls = 1024;

    /// <summary>How long a node of a cluster may be away, and unasked for, before it is forgotten.</summary>
    private const int ForgottenAfterMs = 60_000;

    private readonly RedisClient _client;
    private readonly Dictionary<string, RedisLink> _links = [];
    private readonly RedisLink[] _seeds;
    private readonly RedisLink?[]? _bySlot;
    private readonly Stack<RedisCall> _free = new();
    private readonly LoopTimer? _sweep;
    private bool _isClosing;

    /// <summary>One without a connection.</summary>
    public RedisLoop(RedisClient client, EventLoop loop)
    {
        (_client, Loop) = (client, loop);
        _seeds = new RedisLink[client.Seeds.Length];
        for (var index = 0; index < _seeds.Length; index++)
        {
            _seeds[index] = _links[client.Seeds[index].Name] = new RedisLink(this, client.Seeds[index]);
        }

        if (client.Options.Cluster)
        {
            _bySlot = new RedisLink?[ClusterSlot.Count];
            _sweep = new LoopTimer(static owner => ((RedisLoop)owner).Sweep(), this);
        }
    }

    /// <summary>The loop.</summary>
    public EventLoop Loop { get; }

    /// <summary>What the file says.</summary>
    public RedisOptions Options => _client.Options;

    /// <summary>The clock.</summary>
    public TimeProvider Time => _client.Time;

    /// <summary>Connects to where it begins.</summary>
    public void Open()
    {
        foreach (var seed in _seeds)
        {
            seed.Open();
        }

        if (_sweep is not null)
        {
            Loop.Schedule(_sweep, ForgottenAfterMs);
        }
    }

    /// <summary>Closes every connection when what is under way on it has ended.</summary>
    public void Close()
    {
        _isClosing = true;
        if (_sweep is not null)
        {
            Loop.Cancel(_sweep);
        }

        foreach (var link in _links.Values)
        {
            link.Close();
        }
    }

    /// <summary>Sends a command; the reply is there at once where nobody can be asked.</summary>
    public ValueTask<RedisReply> SendAsync(in RedisCommand command)
    {
        if (Prepare(command, out var link) is not { } call)
        {
            return new ValueTask<RedisReply>(RedisReply.Undone);
        }

        var reply = call.Reply;
        link.Send(call);
        return reply;
    }

    /// <summary>Sends a command whose reply nobody wants.</summary>
    public void Send(in RedisCommand command)
    {
        if (Prepare(command, out var link) is { } call)
        {
            call.Forget();
            link.Send(call);
        }
    }

    /// <summary>Takes a call back whose reply was taken.</summary>
    public void Return(RedisCall call)
    {
        // A reply may be taken elsewhere, by somebody who is on no loop.
        if (Loop.InLoop && _free.Count < KeptCalls)
        {
            _free.Push(call);
        }
    }

    /// <summary>The addresses of a name; none where it has none, or nobody says so in time. Completes on any thread.</summary>
    public Task<IPAddress[]> LookUpAsync(string name) => _client.LookUpAsync(name);

    /// <summary>Tells of an error of this program.</summary>
    public void OnBug(Exception error) => _client.OnBug(error);

    /// <summary>Sends a call to where its key is, where a node has answered that it is not there; false where the reply is another, or that place cannot be asked.</summary>
    /// <param name="call">The call.</param>
    /// <param name="reply">The node's answer.</param>
    /// <param name="from">The node.</param>
    public bool TryRedirect(RedisCall call, in RedisReply reply, RedisNode from)
    {
        var isAsk = reply.IsError("ASK");
        if (_bySlot is null || call.Slot < 0 || (!isAsk && !reply.IsError("MOVED")) || ++call.Redirects > RedisCall.MostRedirects)
        {
            return false;
        }

        // MOVED 3999 10.0.0.9:6381
        var place = reply.Error[(reply.Error.LastIndexOf(' ') + 1)..];
        if (!TryParse(place, from, out var address) || FindOrAdd(address) is not { Takes: true } link)
        {
            _bySlot[call.Slot] = null;
            return false;
        }

        if (isAsk)
        {
            call.IsAsking = true;
        }
        else
        {
            _bySlot[call.Slot] = link;
        }

        link.Send(call);
        return true;
    }

    /// <summary>The call of a command, and where it goes; null where nobody can be asked.</summary>
    private RedisCall? Prepare(in RedisCommand command, out RedisLink link)
    {
        Loop.AssertInLoop();
        var slot = _bySlot is null || command.Key.IsEmpty ? -1 : ClusterSlot.Of(command.Key);
        link = LinkOf(slot);
        if (!link.Takes || _isClosing)
        {
            link.Node.Count(Loop.Index, RedisOutcome.Refused);
            return null;
        }

        var call = _free.TryPop(out var free) ? free : new RedisCall(this);
        call.Set(command, slot);
        return call;
    }

    private RedisLink LinkOf(int slot)
    {
        if (_bySlot is null)
        {
            return _seeds[0];
        }

        if (slot >= 0 && _bySlot[slot] is { Takes: true } link)
        {
            return link;
        }

        foreach (var seed in _seeds)
        {
            if (seed.Takes)
            {
                return seed;
            }
        }

        // All that the file names are away: any node of the cluster knows where the others are.
        foreach (var other in _links.Values)
        {
            if (other.Takes)
            {
                return other;
            }
        }

        return _seeds[0];
    }

    // An address of IPv6 comes without brackets; where there is none, it is that of the node that was asked.
    private bool TryParse(string place, RedisNode from, out RedisAddress address)
    {
        var colon = place.LastIndexOf(':');
        var host = colon > 0 ? place[..colon] : from.Addresses[0].Host;
        var isEncrypted = Options.Address[0].IsEncrypted;
        var text = $"redis{(isEncrypted ? "s" : "")}://{(host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host)}:{(colon < 0 ? "" : place[(colon + 1)..])}";
        return RedisAddressKind.TryParse(text, out address) && int.TryParse(place[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out _);
    }

    private RedisLink? FindOrAdd(RedisAddress address)
    {
        var name = address.Label;
        if (!_links.TryGetValue(name, out var link) && _links.Count < MostNodes)
        {
            try
            {
                // Who asks of a node is who asks of the cluster.
                link = _links[name] = new RedisLink(this, _client.NodeOf(address with { User = Options.Address[0].User, Password = Options.Address[0].Password }));
            }
            catch (TlsSetupException)
            {
                // Files of its TLS are no use any more; the nodes that are known tell of that.
                return null;
            }
        }

        return link;
    }

    /// <summary>Forgets nodes that are away and that nobody has asked for since: a cluster's nodes come and go.</summary>
    private void Sweep()
    {
        Loop.Schedule(_sweep!, ForgottenAfterMs);
        foreach (var (name, link) in _links)
        {
            if (link.IsFailing && link.WantedMs + ForgottenAfterMs < Loop.NowMs && Array.IndexOf(_seeds, link) < 0)
            {
                link.Close();
                _links.Remove(name);
                _client.Forget(link.Node);
                for (var slot = 0; slot < _bySlot!.Length; slot++)
                {
                    _bySlot[slot] = _bySlot[slot] == link ? null : _bySlot[slot];
                }
            }
        }
    }
}
