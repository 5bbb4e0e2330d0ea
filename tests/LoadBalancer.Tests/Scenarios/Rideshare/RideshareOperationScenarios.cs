using LoadBalancer.Daemon.Tests.Scenarios.Http;

namespace LoadBalancer.Daemon.Tests.Scenarios.Rideshare;

/// <summary>samples/rideshare: what is left of the counts, and of what is open, after a reload and after the loss of an instance.</summary>
[CancelAfter(120_000)]
internal sealed class RideshareOperationScenarios
{
    private static RideshareSample Sample => RideshareSetUp.Sample;

    [Test]
    public async Task A_trip_is_followed_by_whom_the_token_let_in_once_and_counts_go_on_across_a_reload()
    {
        var (rider, other) = (Sample.Rider("free"), Sample.Rider("free"));
        var create = "POST /rider/trips/create";
        Assert.That(Sample.Ask(create, rider, 3).Select(answer => answer.Status), Is.All.EqualTo(200));
        using var open = Sample.Connect(0);
        Assert.That(RideshareSample.Track(open, other).Status, Is.EqualTo(101));
        RideshareSample.Echoes(open, "before");

        await Sample.ReloadAsync(static (file, text) => file switch
        {
            "routes/public.yaml" => text + "\n    - {name: news, path: /public/news, respond: {body: news}}\n",
            "routes/riders.yaml" => text.Replace("      auth: app                         #", "      require: {roles: [nobody]}\n      auth: app                         #", StringComparison.Ordinal),
            _ => text,
        });
        try
        {
            Assert.That(Enumerable.Range(0, 2).Select(at => Sample.Ask(at, "GET /public/news").Text), Is.All.EqualTo("news"), "it is the new file");
            RideshareSample.Echoes(open, "after");
            using var late = Sample.Connect(0);
            Assert.That(RideshareSample.Track(late, other).Status, Is.EqualTo(403), "the next one is asked by the new file");
            Assert.That(Sample.Ask(create, rider, 3).Select(answer => answer.Status).Order(), Is.EqualTo(new[] { 200, 200, 429 }), "two of five were left");
        }
        finally
        {
            await Sample.ReloadAsync();
        }
    }

    [Test]
    public async Task Its_tests_pass_and_reach_every_route()
    {
        var (code, text) = await Sample.LbAsync("test", Path.Combine(Sample.AsItStands(), "tests.yaml"), "--every-route");
        Assert.That(code, Is.Zero, text);
    }

    [Test]
    public async Task The_loss_of_an_instance_gives_nobody_more_and_takes_nothing_from_anybody()
    {
        // On a busy machine a minute may be over before the instance is back.
        await Sample.ReloadAsync(static (_, text) => text.Replace("/min", "/h", StringComparison.Ordinal));
        try
        {
            var rider = Sample.Rider("pro");
            using var open = Sample.Connect(0);
            Assert.That(RideshareSample.Track(open, Sample.Rider("free")).Status, Is.EqualTo(101));
            Assert.That(Sample.Ask("POST /rider/trips/create", rider, 20).Select(answer => answer.Status), Is.All.EqualTo(200));

            await Sample.KillAsync(1);
            try
            {
                Assert.That(Enumerable.Range(0, 11).Select(_ => Sample.Ask(0, "POST /rider/trips/create", rider).Status), Is.EqualTo(Enumerable.Repeat(200, 10).Append(429)));
                RideshareSample.Echoes(open, "still here");
            }
            finally
            {
                await Sample.StartAsync(1);
            }

            LimitScenarios.IsProblem(Sample.Ask(1, "POST /rider/trips/create", rider), 429, "rate_limited");
        }
        finally
        {
            await Sample.ReloadAsync();
        }
    }
}
