using LoadBalancer.Http.Policies;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Tests.Policies;

/// <summary>A policy that notes its calls and answers as it is told.</summary>
internal sealed class ScriptedPolicy(string name, List<string> calls) : HttpPolicy
{
    /// <summary>What it answers.</summary>
    public Func<ValueTask<PolicyOutcome>> Answer { get; set; } = static () => default;

    /// <inheritdoc/>
    public override string Key => name;

    /// <inheritdoc/>
    public override ValueTask<PolicyOutcome> OnRequestAsync(Exchange exchange)
    {
        calls.Add($"{name} request");
        return Answer();
    }

    /// <inheritdoc/>
    public override void OnResponse(Exchange exchange) => calls.Add($"{name} response");

    /// <inheritdoc/>
    public override void OnEnd(Exchange exchange) => calls.Add($"{name} end");
}
