using System.Collections.Immutable;

namespace LoadBalancer.Tls;

/// <summary>
/// Builds the TLS of listeners, and holds what outlives every configuration: counters, and the keys of tickets where no file has them. One build
/// at a time; the rest is thread-safe.
/// </summary>
internal sealed class TlsTerminationBuilder : IDisposable
{
    /// <summary>How long a key made in memory encrypts.</summary>
    public static readonly TimeSpan KeyLife = TimeSpan.FromHours(12);

    /// <summary>How many earlier keys are still read.</summary>
    private const int EarlierKeys = 2;

    private readonly TlsEngine _engine;
    private readonly HandshakePaces _paces;
    private readonly TimeProvider _time;
    private readonly TicketKeys _ownKeys = new(TicketKeys.NewKey());
    private readonly ITimer _rotation;
    private readonly Dictionary<string, TlsMetrics> _metrics = [];

    /// <summary>A builder of terminations by <paramref name="engine"/>.</summary>
    public TlsTerminationBuilder(TlsEngine engine, HandshakePaces paces, TimeProvider time)
    {
        (_engine, _paces, _time) = (engine, paces, time);
        _rotation = time.CreateTimer(static builder => ((TlsTerminationBuilder)builder!).RotateKeys(), this, KeyLife, KeyLife);
    }

    /// <summary>The TLS of one listener: what runs, where the same is asked for.</summary>
    /// <param name="listener">The listener's name.</param>
    /// <param name="options">What the file says.</param>
    /// <param name="protocols">What may be spoken inside, the preferred first; empty where ALPN is not answered.</param>
    /// <param name="answerToHttp">What a client is told that speaks HTTP without TLS; null for nothing.</param>
    /// <param name="running">What it has now; null for nothing.</param>
    /// <exception cref="IOException">A file is no use; the message says which, and why.</exception>
    public TlsTermination Build(string listener, TlsOptions options, ImmutableArray<ApplicationProtocol> protocols, byte[]? answerToHttp, TlsTermination? running)
    {
        if (running is not null && running.Options == options && running.Protocols.AsSpan().SequenceEqual(protocols.AsSpan()))
        {
            return running;
        }

        var files = new TlsFiles(_time.GetUtcNow());
        var material = files.Read(options) ?? throw new IOException($"the listener '{listener}' has no TLS: {files.Faults.First(fault => !fault.IsWarning).Message}");
        if (!_metrics.TryGetValue(listener, out var metrics))
        {
            metrics = _metrics[listener] = new TlsMetrics(_paces.Loops.Length);
        }

        try
        {
            var keys = options.TicketKeys is null ? _ownKeys : new TicketKeys([.. material.TicketKeys]);
            return new TlsTermination(listener, options, protocols, material, keys, new TlsTerminationParts(_engine, _paces, metrics, _time, answerToHttp));
        }
        catch (TlsSetupException error)
        {
            throw new IOException($"the listener '{listener}' has no TLS: {error.File ?? options.ClientCertificates?.Ca} is no use: {error.Message}", error);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _rotation.Dispose();

    private void RotateKeys() => _ownKeys.Change([TicketKeys.NewKey(), .. _ownKeys.Current[..Math.Min(EarlierKeys, _ownKeys.Current.Length)]]);
}
