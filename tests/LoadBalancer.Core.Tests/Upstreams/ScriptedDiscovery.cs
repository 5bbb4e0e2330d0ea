using System.Threading.Channels;
using LoadBalancer.Configuration;
using LoadBalancer.Discovery;
using LoadBalancer.Endpoints;
using LoadBalancer.Tests.Balancing;

namespace LoadBalancer.Tests.Upstreams;

/// <summary>A discovery that finds what a test says, when it says so, on the test's own thread.</summary>
internal sealed class ScriptedDiscovery : EndpointDiscovery
{
    private readonly Channel<ValueList<EndpointOptions>> _sets =
        Channel.CreateUnbounded<ValueList<EndpointOptions>>(new() { AllowSynchronousContinuations = true });

    private int _watches;

    /// <summary>Watches that are open now.</summary>
    public int Watches => _watches;

    public override DiscoveryStatus Status { get; } = new("scripted");

    /// <summary>Finds the endpoints with these numbers.</summary>
    public void Find(params int[] numbers) =>
        _sets.Writer.TryWrite([.. numbers.Select(number => new EndpointOptions { Address = Members.Address(number) })]);

    /// <summary>Fails with an error that a discovery should never let out.</summary>
    public void Break() => _sets.Writer.Complete(new InvalidOperationException("broken"));

    public override async IAsyncEnumerable<ValueList<EndpointOptions>> WatchAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _watches);
        try
        {
            await foreach (var set in _sets.Reader.ReadAllAsync(cancellationToken))
            {
                yield return set;
            }
        }
        finally
        {
            Interlocked.Decrement(ref _watches);
        }
    }
}
