using LoadBalancer.Configuration;
using LoadBalancer.Discovery;
using LoadBalancer.Endpoints;
using LoadBalancer.Limits;
using LoadBalancer.Redis;
using LoadBalancer.Tls;
using Microsoft.AspNetCore.Connections;

namespace LoadBalancer;

/// <summary>
/// What running objects are given when they are built, besides their options: time, chance, the way out, and whom to
/// tell. One for the process; a test gives its own.
/// </summary>
public sealed record BuildContext
{
    /// <summary>The clock and the timers.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>How many event loops there are: what they count has cells for each of them.</summary>
    public required int Loops { get; init; }

    /// <summary>
    /// Where seeds come from. It is not thread-safe: only constructors draw from it, and a build is one thread's work.
    /// </summary>
    public required Random Seeds { get; init; }

    /// <summary>
    /// Connects probes to endpoints. It is called from any thread, honours its cancellation, and its connections may be
    /// disposed of from any thread.
    /// </summary>
    public required IConnectionFactory Connections { get; init; }

    /// <summary>
    /// Who remembers which endpoints operators have drained, asked when an endpoint joins an upstream: what was drained before
    /// the process started, or before discovery lost the endpoint, is so still. Any thread. Null: nobody does.
    /// </summary>
    public Func<EndpointId, bool>? IsDrained { get; init; }

    /// <summary>Who remembers which weights operators have given, likewise; null for an endpoint that has the file's. Null: nobody does.</summary>
    public Func<EndpointId, int?>? AssignedWeight { get; init; }

    /// <summary>What callers have used of quotas, from one configuration to the next. Default: nothing yet.</summary>
    internal QuotaTable Quotas { get; init; } = new();

    /// <summary>Is told of every change of an endpoint's health; any thread. Default: nobody.</summary>
    public Action<EndpointTransition> OnTransition { get; init; } = static _ => { };

    /// <summary>What TLS is spoken with, where an upstream wants it. Null: no upstream may.</summary>
    internal TlsOutfit? Tls { get; init; }

    /// <summary>Is told when TLS with an endpoint fails for another reason than before, or works again, and of files of it; any thread. Default: nobody.</summary>
    internal Action<TlsReport> OnTls { get; init; } = static _ => { };

    /// <summary>
    /// Reads a text in the syntax of lb.yaml that is a list, given the text, its file and who takes the errors; null where it is none. Any thread.
    /// Null: no file but lb.yaml is in that syntax.
    /// </summary>
    internal Func<string, string, ConfigReader, ListNode?>? ParseList { get; init; }

    /// <summary>Is told of every look of a discovery that found no whole set, and when it works again; any thread. Default: nobody.</summary>
    internal Action<DiscoveryReport> OnDiscovery { get; init; } = static _ => { };

    /// <summary>Is told when who calls cannot be found out for another reason than before, or can be again; any thread. Default: nobody.</summary>
    internal Action<ProviderReport> OnProvider { get; init; } = static _ => { };

    /// <summary>Is told when a server of the store that instances share is lost and found; any thread. Default: nobody.</summary>
    internal Action<RedisReport> OnRedis { get; init; } = static _ => { };

    /// <summary>Is told when an upstream begins or ends to panic; any thread. Default: nobody.</summary>
    public Action<PanicTransition> OnPanic { get; init; } = static _ => { };

    /// <summary>Is told when a circuit breaker changes its state; any thread. Default: nobody.</summary>
    public Action<CircuitTransition> OnCircuit { get; init; } = static _ => { };

    /// <summary>Is told of an error of this program that a control loop survived; any thread. Default: nobody.</summary>
    public Action<Exception> OnBug { get; init; } = static _ => { };

    /// <summary>Tells of a transition. Whatever goes wrong in telling it must not keep anybody from acting on it.</summary>
    internal void Tell(EndpointTransition transition) => Tell(OnTransition, transition);

    /// <summary>Tells of panic, likewise.</summary>
    internal void Tell(PanicTransition transition) => Tell(OnPanic, transition);

    /// <summary>Tells of a circuit breaker, likewise.</summary>
    internal void Tell(CircuitTransition transition) => Tell(OnCircuit, transition);

    /// <summary>Tells of a discovery, likewise.</summary>
    internal void Tell(DiscoveryReport report) => Tell(OnDiscovery, report);

    /// <summary>Tells of TLS with an endpoint, likewise.</summary>
    internal void Tell(TlsReport report) => Tell(OnTls, report);

    /// <summary>Tells of a way to establish who calls, likewise.</summary>
    internal void Tell(ProviderReport report) => Tell(OnProvider, report);

    /// <summary>Tells of a server of the store, likewise.</summary>
    internal void Tell(RedisReport report) => Tell(OnRedis, report);

    private void Tell<T>(Action<T> listener, T news)
    {
        try
        {
            listener(news);
        }
        catch (Exception e)
        {
            OnBug(e);
        }
    }
}
