using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Runtime.CompilerServices;
using LoadBalancer.Faults;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tls;

/// <summary>
/// TLS with the endpoints of one upstream: handshakes by what its files hold now. It outlives reloads that leave its options as they are, and with
/// it the sessions that are taken up again. Thread-safe; each handshake on its loop.
/// </summary>
internal sealed class TlsOrigination
{
    private readonly string _upstream;
    private readonly TlsOutfit _outfit;
    private readonly Action<TlsReport> _report;
    private readonly Live<TlsClientContext> _context;
    private readonly ConcurrentDictionary<EndPoint, string> _failing = new();
    private ImmutableArray<string> _read;
    private string? _refusal;
    private int _failingCount;

    /// <summary>One by what the files hold.</summary>
    /// <param name="upstream">The upstream's name.</param>
    /// <param name="options">What the file says.</param>
    /// <param name="ownName">The name of the endpoints where the options have none; null for their addresses.</param>
    /// <param name="outfit">What TLS is spoken with.</param>
    /// <param name="report">Is told of an endpoint, or a file, with which something else is the matter than before; on any thread.</param>
    /// <exception cref="TlsSetupException">A file is no use.</exception>
    public TlsOrigination(string upstream, UpstreamTlsOptions options, string? ownName, TlsOutfit outfit, Action<TlsReport> report)
    {
        _upstream = upstream;
        Options = options;
        OwnName = ownName;
        _outfit = outfit;
        _report = report;
        _read = UpstreamTlsFiles.HashesOf(options);
        _context = new(outfit.Engine.CreateClient(UpstreamTlsFiles.Read(options, ownName)));
    }

    /// <summary>The TLS of an upstream: the one that runs, where the same is asked for.</summary>
    /// <param name="upstream">The upstream's name.</param>
    /// <param name="options">What the file says; null for no TLS.</param>
    /// <param name="ownName">The name of the endpoints where the options have none; null for their addresses.</param>
    /// <param name="running">What it has now; null for nothing.</param>
    /// <param name="context">What TLS is spoken with, and who is told of it.</param>
    /// <exception cref="IOException">A file is no use; the message says which, and why.</exception>
    public static TlsOrigination? Of(string upstream, UpstreamTlsOptions? options, string? ownName, TlsOrigination? running, BuildContext context)
    {
        if (options is null || (running is not null && running.Options == options && running.OwnName == ownName))
        {
            return options is null ? null : running;
        }

        try
        {
            var outfit = context.Tls ?? throw new InvalidOperationException("nobody has said what TLS is spoken with");
            return new TlsOrigination(upstream, options, ownName, outfit, context.Tell);
        }
        catch (TlsSetupException error)
        {
            throw new IOException($"the upstream '{upstream}' has no TLS: {error.File ?? options.Cert ?? options.Ca} is no use: {error.Message}", error);
        }
    }

    /// <summary>What the file says.</summary>
    public UpstreamTlsOptions Options { get; }

    /// <summary>The name of the endpoints where the options have none; null for their addresses.</summary>
    public string? OwnName { get; }

    /// <summary>
    /// Shakes hands with the endpoint that <paramref name="socket"/> has just connected to. Whoever does not want to wait any more resets the socket.
    /// Every way in which it can fail is retryable: nothing of an exchange was sent.
    /// </summary>
    /// <param name="socket">The socket; after a fault its owner resets it.</param>
    /// <param name="address">Whom it is connected to.</param>
    /// <param name="protocols">What is offered to be spoken inside, the preferred first; empty where nothing is said of it.</param>
    /// <param name="timeout">The deadline; nothing or less is over already.</param>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    public async ValueTask<Fault> ShakeAsync(EpollSocket socket, EndPoint address, ImmutableArray<ApplicationProtocol> protocols, TimeSpan timeout)
    {
        var session = _context.Current.NewSession(socket, address, protocols);
        var fault = await TlsHandshake.StartAsync(socket, session, FaultSide.Upstream, _outfit.Paces.On(socket.Loop), timeout > TimeSpan.Zero ? timeout : TimeSpan.Zero);
        if (!fault.Failed)
        {
            if (Volatile.Read(ref _failingCount) > 0)
            {
                Note(address, null);
            }

            return Fault.None;
        }

        if (fault.Side != FaultSide.Upstream)
        {
            return fault;
        }

        if (!socket.IsClosed)
        {
            Note(address, fault.Kind == FaultKind.HandshakeTimeout ? "no TLS handshake in time" : session.FailureText ?? "the connection was reset in the handshake");
        }

        return new Fault(FaultSide.Upstream, fault.Kind == FaultKind.TlsVerifyFailed ? FaultKind.TlsVerifyFailed : FaultKind.TlsFailed, Retryable: true);
    }

    /// <summary>Forgets what it knows of endpoints that are gone.</summary>
    public void Keep(IReadOnlySet<EndPoint> addresses)
    {
        _context.Current.Keep(addresses);
        foreach (var address in _failing.Keys.Where(address => !addresses.Contains(address)))
        {
            if (_failing.TryRemove(address, out _))
            {
                Interlocked.Decrement(ref _failingCount);
            }
        }
    }

    /// <summary>Reads files that were written since: what is no use leaves what was read before, until the next time. One caller at a time, on no loop.</summary>
    /// <returns>True where something has changed, for better or worse.</returns>
    public bool Refresh()
    {
        var now = UpstreamTlsFiles.HashesOf(Options);
        if (_refusal is null && now.AsSpan().SequenceEqual(_read.AsSpan()))
        {
            return false;
        }

        try
        {
            var settings = UpstreamTlsFiles.Read(Options, OwnName);
            var isNew = !settings.IsSameAs(_context.Current.Settings);
            if (isNew)
            {
                _context.Swap(_outfit.Engine.CreateClient(settings));
            }

            // Only now: a certificate and its key are written one after the other.
            _read = now;
            return Tell(null, isNew);
        }
        catch (TlsSetupException error)
        {
            return Tell($"{error.File ?? Options.Cert ?? Options.Ca}: {error.Message}", isNew: false);
        }
    }

    private bool Tell(string? refusal, bool isNew)
    {
        if (_refusal == refusal && !isNew)
        {
            return false;
        }

        _refusal = refusal;
        _report(new TlsReport(_upstream, null, refusal));
        return true;
    }

    /// <summary>Tells of an endpoint once for each change, and not for each connection.</summary>
    private void Note(EndPoint address, string? failure)
    {
        if (failure is null)
        {
            if (!_failing.TryRemove(address, out _))
            {
                return;
            }

            Interlocked.Decrement(ref _failingCount);
        }
        else
        {
            var before = _failing.GetValueOrDefault(address);
            if (before == failure)
            {
                return;
            }

            if (before is null ? !_failing.TryAdd(address, failure) : !_failing.TryUpdate(address, failure, before))
            {
                // Another loop was quicker, and tells.
                return;
            }

            if (before is null)
            {
                Interlocked.Increment(ref _failingCount);
            }
        }

        _report(new TlsReport(_upstream, address, failure));
    }
}
