using System.Reflection;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>What a test says of HTTP is true of both versions, or it says why not: whoever adds a fixture has to choose.</summary>
internal sealed class CarrierTests
{
    /// <summary>Fixtures that are not run over both, and are not of one by their names (Http1…, Http2…).</summary>
    private static readonly Dictionary<string, string> OfNeither = new()
    {
        [nameof(AllocationScenarios)] = "counts what each version allocates, in tests of their own",
        [nameof(BandwidthHttp2Scenarios)] = "windows and turns of streams, which only HTTP/2 has",
        [nameof(ConnectionRoomScenarios)] = "connections to endpoints: what clients speak is one of its cases",
        [nameof(DjangoServicesSampleScenarios)] = "a sample, with a client of its own",
        [nameof(Ec2FarmSampleScenarios)] = "a sample, with a client of its own",
        [nameof(FloodScenarios)] = "drops and slow heads byte by byte of HTTP/1.1; those of HTTP/2 are Http2FloodScenarios",
        [nameof(GrpcSampleScenarios)] = "gRPC, which only HTTP/2 has",
        [nameof(GrpcScenarios)] = "gRPC, which only HTTP/2 has",
        [nameof(HedgeScenarios)] = "what goes to endpoints, whatever clients speak; both versions are in RetryScenarios",
        [nameof(LiveExplainScenarios)] = "questions to the admin API, which no client's version is in",
        [nameof(MalformedScenarios)] = "bytes that are no HTTP/1.1; what is no HTTP/2 is in Http2ConformanceScenarios",
        [nameof(MixedPlatformsSampleScenarios)] = "a sample, with a client of its own",
        [nameof(OrderChainSampleScenarios)] = "a sample, with a client of its own",
        [nameof(ResilienceScenarios)] = "what goes to endpoints, whatever clients speak: the endpoints' version is one of its cases",
        [nameof(SilenceScenarios)] = "connections to endpoints of HTTP/2, whatever clients speak",
        [nameof(WebSocketScenarios)] = "resets and halves of connections; those of streams are in Http2Scenarios, and both versions in DrainScenarios",
    };

    [Test]
    public void Every_fixture_is_run_over_both_or_says_why_not()
    {
        var fixtures = typeof(CarrierTests).Assembly.GetTypes()
            .Where(type => type.Namespace == typeof(CarrierTests).Namespace && type.Name.EndsWith("Scenarios", StringComparison.Ordinal) && !type.IsAbstract).ToList();
        var ofOne = fixtures.Where(type => !type.IsAssignableTo(typeof(IOverCarriers)) && !type.Name.StartsWith("Http1", StringComparison.Ordinal)
            && !type.Name.StartsWith("Http2", StringComparison.Ordinal)).Select(type => type.Name);
        Assert.That(ofOne, Is.EquivalentTo(OfNeither.Keys));
        foreach (var fixture in fixtures.Where(type => type.IsAssignableTo(typeof(IOverCarriers))))
        {
            var carriers = fixture.GetCustomAttributes<TestFixtureAttribute>().SelectMany(attribute => attribute.Arguments.OfType<Carrier>()).Distinct();
            Assert.That(carriers, Is.EquivalentTo(Enum.GetValues<Carrier>()), fixture.Name);
        }
    }
}
