using System.Collections.Concurrent;
using System.Net;
using LoadBalancer.Endpoints;
using LoadBalancer.Health;

namespace LoadBalancer.Tests.Health;

/// <summary>A probe whose answers a test gives by address, and that records when whom was asked.</summary>
internal sealed class ScriptedProbe(TimeProvider time) : Probe
{
    private readonly ConcurrentDictionary<EndPoint, Func<CancellationToken, ValueTask<ProbeAnswer>>> _answers = new();

    /// <summary>Every question so far, in order, with its time since the clock's start.</summary>
    public ConcurrentQueue<(TimeSpan At, EndPoint Address)> Asked { get; } = new();

    public void Fail(EndPoint address) => Answer(address, _ => ValueTask.FromResult(new ProbeAnswer(ProbeResult.Error, "told to fail")));

    public void Answer(EndPoint address, Func<CancellationToken, ValueTask<ProbeAnswer>> answer) => _answers[address] = answer;

    public override ValueTask<ProbeAnswer> AskAsync(EndPoint address, CancellationToken cancellation)
    {
        Asked.Enqueue((time.GetElapsedTime(0), address));
        return _answers.TryGetValue(address, out var answer) ? answer(cancellation) : ValueTask.FromResult(new ProbeAnswer(ProbeResult.Passed, "passes unless told"));
    }

    /// <summary>When one address was asked.</summary>
    public IEnumerable<TimeSpan> TimesOf(EndPoint address) => Asked.Where(asked => asked.Address.Equals(address)).Select(asked => asked.At);
}
