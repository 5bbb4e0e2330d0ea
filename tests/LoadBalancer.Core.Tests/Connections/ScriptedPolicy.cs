using LoadBalancer.Connections;
using LoadBalancer.Faults;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tests.Connections;

/// <summary>A policy that answers as it is told, and writes down what it was asked.</summary>
internal sealed class ScriptedPolicy(string name, List<string> calls) : ConnectionPolicy
{
    /// <summary>What it answers with.</summary>
    public Func<EpollConnection, ValueTask<Fault>> Answer { get; set; } = _ => default;

    public override ValueTask<Fault> AdmitAsync(EpollConnection client)
    {
        calls.Add($"{name} asked");
        return Answer(client);
    }

    public override void Release(EpollConnection client) => calls.Add($"{name} released");
}
