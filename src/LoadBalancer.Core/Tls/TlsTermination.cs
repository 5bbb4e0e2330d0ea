using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using LoadBalancer.Faults;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tls;

/// <summary>
/// The TLS of a listener: from a connection that was let in to one whose bytes are plain. Options that change make another; files that change
/// are published into it, and sessions that run go on. Thread-safe; a connection is touched on its loop.
/// </summary>
internal sealed class TlsTermination
{
    /// <summary>How many full reads of what a refused client has still sent are thrown away.</summary>
    private const int MostDrained = 4;

    private readonly Live<TlsServerContext> _context;
    private readonly HandshakeBound _handshakes;
    private readonly TlsEngine _engine;
    private readonly HandshakePaces _paces;
    private readonly TimeProvider _time;
    private readonly byte[]? _answerToHttp;
    private TlsMaterial _material;

    /// <summary>The TLS of one listener under one configuration.</summary>
    /// <param name="listener">The listener's name.</param>
    /// <param name="options">What the file says.</param>
    /// <param name="protocols">What may be spoken inside, the preferred first; empty where ALPN is not answered.</param>
    /// <param name="material">What the files hold.</param>
    /// <param name="keys">Who encrypts tickets.</param>
    /// <param name="parts">What outlives it.</param>
    /// <exception cref="TlsSetupException">The engine cannot use what the files hold.</exception>
    public TlsTermination(
        string listener, TlsOptions options, ImmutableArray<ApplicationProtocol> protocols, TlsMaterial material, TicketKeys keys, TlsTerminationParts parts)
    {
        (Listener, Options, Protocols, TicketKeys, Metrics) = (listener, options, protocols, keys, parts.Metrics);
        (_engine, _paces, _time, _answerToHttp, _material) = (parts.Engine, parts.Paces, parts.Time, parts.AnswerToHttp, material);
        _context = new Live<TlsServerContext>(_engine.CreateServer(SettingsOf(material)));
        _handshakes = new HandshakeBound(_paces.Loops, options.MaxHandshakes);
    }

    /// <summary>The listener's name.</summary>
    public string Listener { get; }

    /// <summary>What the file says.</summary>
    public TlsOptions Options { get; }

    /// <summary>What may be spoken inside.</summary>
    public ImmutableArray<ApplicationProtocol> Protocols { get; }

    /// <summary>Who encrypts tickets.</summary>
    public TicketKeys TicketKeys { get; }

    /// <summary>What it counts.</summary>
    public TlsMetrics Metrics { get; }

    /// <summary>What new sessions begin with.</summary>
    public TlsServerContext Context => _context.Current;

    /// <summary>Handshakes that are under way, on all loops together.</summary>
    public int UnderWay => _handshakes.Count;

    /// <summary>True where a certificate is for <paramref name="host"/>, in lower case.</summary>
    public bool Serves(ReadOnlySpan<byte> host) => _context.Current.Certificates.Find(host) >= 0;

    /// <summary>
    /// True where a session of the one is as good as one of the other: both ask clients for the same, and the least version is the same. Certificates
    /// and keys of tickets are what new sessions begin with.
    /// </summary>
    public static bool AdmitsAlike(TlsTermination? one, TlsTermination? other) => one == other
        || (one is not null && other is not null && one.Options.ClientCertificates == other.Options.ClientCertificates && one.Options.MinVersion == other.Options.MinVersion);

    /// <summary>
    /// Makes the handshake with a client of which no byte of TLS was read; on its loop. After it the connection's bytes are plain ones. Where it
    /// failed the client was told why, as far as TLS has words for it, and the connection is of no more use.
    /// </summary>
    /// <param name="client">The connection.</param>
    /// <param name="timeout">How long it may take.</param>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    public async ValueTask<Fault> AcceptAsync(EpollConnection client, TimeSpan timeout)
    {
        if (client.TryTakeSocket() is not { } socket)
        {
            return new Fault(FaultSide.Internal, FaultKind.Bug);
        }

        var loop = client.Loop;
        var began = _time.GetTimestamp();
        var context = _context.Current;
        var session = context.NewSession(socket);
        session.Server = context;
        var fault = await TlsHandshake.StartAsync(socket, session, FaultSide.Client, _paces.On(loop), timeout, _handshakes.On(loop.Index));
        if (!fault.Failed)
        {
            session.Duration = _time.GetElapsedTime(began);
            Metrics.CountDone(loop.Index, TlsVersions.Of(session.Version!), session.IsResumed, session.Duration);
            return fault;
        }

        Metrics.CountFailed(loop.Index);
        if (!socket.IsClosed && fault.Kind is FaultKind.TlsHandshakeFailed or FaultKind.ClientCertificateMissing or FaultKind.ClientCertificateInvalid)
        {
            Refuse(client, socket, session);
        }

        return fault;
    }

    /// <summary>
    /// Reads the files again; what has changed takes effect for sessions from here on. What is no use leaves what it was to replace, and keeps nothing else
    /// from taking effect: of many certificates one that cannot be renewed must not let the others run out. One at a time.
    /// </summary>
    /// <returns>What came of it; null where nothing is new.</returns>
    public TlsRefresh? Refresh()
    {
        var files = new TlsFiles(_time.GetUtcNow());
        var material = files.Read(Options, _material)!;
        var refusals = files.Faults.Where(fault => !fault.IsWarning).Select(fault => fault.Message).ToList();
        var context = material.MakesTheSameAs(_material) ? null : NewContext(ref material, refusals);
        var keysStay = material.HasTicketKeysOf(_material);
        var (tookEffect, warns) = (context is not null || !keysStay, !material.Warnings.SequenceEqual(_material.Warnings));
        if (context is not null)
        {
            _context.Swap(context);
        }

        if (!keysStay)
        {
            TicketKeys.Change([.. material.TicketKeys]);
        }

        _material = material;
        if (tookEffect)
        {
            Metrics.CountLoaded();
        }

        // The files are looked at with every change of their folder: an error is news once.
        var refusal = refusals.Count == 0 ? null : string.Join("; ", refusals);
        var isNews = refusal != Metrics.Refusal && refusal is not null;
        if (isNews)
        {
            Metrics.CountRefused(refusal!);
        }
        else if (refusal is null)
        {
            Metrics.Settle();
        }

        return tookEffect || warns || isNews ? new TlsRefresh(isNews ? refusal : null, tookEffect || warns ? material.Warnings : [], tookEffect) : null;
    }

    /// <summary>What the engine makes of <paramref name="material"/>, in which what it cannot use is replaced by what runs; null where nothing new is left.</summary>
    private TlsServerContext? NewContext(ref TlsMaterial material, List<string> refusals)
    {
        while (!material.MakesTheSameAs(_material))
        {
            try
            {
                return _engine.CreateServer(SettingsOf(material));
            }
            catch (TlsSetupException error)
            {
                refusals.Add($"{error.File ?? Options.ClientCertificates?.Ca ?? Options.Certificates[0].Cert} is no use: {error.Message}");
                material = Without(material, error.File);
            }
        }

        return null;
    }

    // A certificate is named; what is not is the authorities, or else nobody knows. Each time less of it is new.
    private TlsMaterial Without(TlsMaterial material, string? file)
    {
        var certificates = material.Certificates.Select((certificate, at) => certificate.Source == file ? _material.Certificates[at] : certificate).ToImmutableArray();
        var less = file is null ? material with { ClientAuthoritiesPem = _material.ClientAuthoritiesPem } : material with { Certificates = certificates };
        return less.MakesTheSameAs(material) ? _material with { TicketKeys = material.TicketKeys } : less;
    }

    private void Refuse(EpollConnection client, EpollSocket socket, TlsSession session)
    {
        if (session.MetHttp && _answerToHttp is { } answer)
        {
            socket.SendWire(answer);
        }

        // A socket that is closed with bytes unread sends RST, which would overtake what it was told.
        // Who sends faster than we read is not waited for.
        var scratch = client.Loop.Scratch;
        for (var round = 0; round < MostDrained && socket.IsWireReadable && socket.ReceiveWire(scratch) == scratch.Length; round++)
        {
        }

        client.Close();
    }

    private TlsServerSettings SettingsOf(TlsMaterial material) => material.For(Listener, Options, Protocols, TicketKeys) with { Time = _time };
}
