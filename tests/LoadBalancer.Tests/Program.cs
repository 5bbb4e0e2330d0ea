using LoadBalancer.Daemon.Tests.Repository;
using LoadBalancer.Daemon.Tests.Scenarios.Chaos;

namespace LoadBalancer.Daemon.Tests;

/// <summary>What the tests are when they run themselves as a program: an endpoint that can be killed, or the verbs of lb on the machine of <see cref="PageMachine"/>.</summary>
internal static class Program
{
    private static Task Main(string[] arguments) => arguments is ["verbs", var questions, var answers] ? VerbLoop.RunAsync(questions, answers) : ChaosEndpoint.RunAsync(arguments);
}
