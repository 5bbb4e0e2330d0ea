namespace LoadBalancer.Daemon.Tests.Scenarios.Rideshare;

/// <summary>One <see cref="RideshareSample"/> for all tests of it, of which each has callers of its own: two processes take longer to start than most of the tests.</summary>
[SetUpFixture]
internal sealed class RideshareSetUp
{
    /// <summary>The sample, which runs.</summary>
    public static RideshareSample Sample { get; private set; } = null!;

    [OneTimeSetUp]
    public async Task Start() => Sample = await RideshareSample.StartAsync();

    [OneTimeTearDown]
    public async Task End() => await Sample.DisposeAsync();
}
