using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Health;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Tests.Upstreams;

/// <summary>Ejections by what endpoints do compared with what they should, and with one another.</summary>
internal sealed class OutlierTests : UpstreamFixture
{
    private static readonly Fault BadStatus = new(FaultSide.Upstream, FaultKind.BadStatus);
    private static readonly PassiveHealthOptions Rules = new() { Failures = 10_000, Consecutive = 5, FailureRatio = 0.5, SlowerThan = 3, Within = TimeSpan.FromSeconds(10) };

    [Test]
    public async Task Failures_in_a_row_eject_and_one_answer_between_them_forgives()
    {
        await Run(Judged(3));
        for (var round = 0; round < 10; round++)
        {
            await Fail(Endpoint(1), 4, BadStatus);
            Answer(Endpoint(1), 1);
        }

        Assert.That(Available(), Is.EqualTo(new[] { 1, 2, 3 }));
        await Fail(Endpoint(1), 5, BadStatus);
        Assert.That(Available(), Is.EqualTo(new[] { 2, 3 }));
        Assert.That((Endpoint(1).Health.Ejection!.Reason, Endpoint(1).Health.Ejections(EjectionCause.Consecutive)), Is.EqualTo(("5 failures in a row, the last bad_status", 1)));
    }

    [TestCase(FaultSide.Client, FaultKind.ClientClosed)]
    [TestCase(FaultSide.Internal, FaultKind.OutOfResources)]
    [TestCase(FaultSide.Upstream, FaultKind.HalfClosedTimeout)]
    public async Task What_is_no_fault_of_the_endpoint_neither_counts_nor_forgives(FaultSide side, FaultKind kind)
    {
        await Run(Judged(3));
        await Fail(Endpoint(1), 4, BadStatus);
        await Fail(Endpoint(1), 100, new Fault(side, kind));
        Assert.That(Available(), Is.EqualTo(new[] { 1, 2, 3 }));

        await Fail(Endpoint(1), 1, BadStatus);
        Assert.That(Available(), Is.EqualTo(new[] { 2, 3 }));
    }

    [Test]
    public async Task Who_is_always_outrun_is_ejected_though_to_be_slower_is_no_fault([Values] bool inARow)
    {
        await Run(Judged(4) with { Health = new() { Passive = Rules with { Consecutive = inARow ? 5 : null } } });
        for (var round = 0; round < 10; round++)
        {
            Outrun(Endpoint(1), 4);
            Answer(Endpoint(1), 1);
            await Running.SettleAsync();
        }

        Assert.That(Available(), Is.EqualTo(new[] { 1, 2, 3, 4 }), "one answer forgives all");
        for (var second = 0; second < 10; second++)
        {
            Outrun(Endpoint(1), inARow ? 1 : 20);
            Enumerable.Range(2, 3).ToList().ForEach(number => Answer(Endpoint(number), 20));
            await Advance(1);
        }

        Assert.That(Available(), Is.EqualTo(new[] { 2, 3, 4 }));
        Assert.That(Endpoint(1).Health.Ejections(inARow ? EjectionCause.Consecutive : EjectionCause.SlowerThan), Is.EqualTo(1));
        Assert.That(Enum.GetValues<FaultKind>().Sum(kind => Endpoint(1).Load.Faults(kind)), Is.Zero);

        static void Outrun(Endpoint endpoint, int times)
        {
            for (var time = 0; time < times; time++)
            {
                var lease = endpoint.Lease();
                lease.Outrun(loop: 0, TimeSpan.FromMilliseconds(400));
                lease.Return(new Fault(FaultSide.Client, FaultKind.ClientClosed));
            }
        }
    }

    [Test]
    public async Task A_storm_of_500s_ejects_nobody_and_one_of_503s_at_most_the_allowed_share()
    {
        await Run(Judged(4));
        for (var second = 0; second < 60; second++)
        {
            // A 500 is an answer. This is what a client with a request that breaks the service makes of all endpoints.
            Enumerable.Range(1, 4).ToList().ForEach(number => Answer(Endpoint(number), 100));
            await Advance(1);
        }

        Assert.That((Available().Length, Transitions.Count), Is.EqualTo((4, 0)));
        for (var second = 0; second < 20; second++)
        {
            for (var number = 1; number <= 4; number++)
            {
                await Fail(Endpoint(number), 100, BadStatus);
            }

            await Advance(1);
            Assert.That(Available(), Has.Length.GreaterThanOrEqualTo(2));
        }

        Assert.That(Available(), Has.Length.EqualTo(2));
        Assert.That(Transitions.Count(change => change.EndsWith("Spared", StringComparison.Ordinal)), Is.InRange(2, 8), "each of the others at most once a window");
    }

    [Test]
    public async Task A_share_of_failures_ejects_where_there_were_enough_attempts()
    {
        await Run(Judged(3) with { Health = new() { Passive = Rules with { Consecutive = null } } });
        await Advance(2);
        await Mixed(Endpoint(1), answers: 9, failures: 10);
        await Mixed(Endpoint(2), answers: 60, failures: 40);
        await Mixed(Endpoint(3), answers: 60, failures: 60);
        await Advance(2);
        Assert.That(Available(), Is.EqualTo(new[] { 1, 2 }), "19 attempts are too few, 40 % is not enough");
        Assert.That(Endpoint(3).Health.Ejection!.Reason, Is.EqualTo("60 of 120 attempts within 10 s failed"));

        for (var second = 0; second < 20; second += 2)
        {
            await Mixed(Endpoint(1), answers: 1, failures: 1);
            await Advance(2);
        }

        Assert.That(Available(), Is.EqualTo(new[] { 1, 2 }), "never twenty within the window");
    }

    [Test]
    public async Task An_answer_that_breaks_off_is_one_attempt_that_failed()
    {
        await Run(Judged(3) with { Health = new() { Passive = Rules with { Consecutive = null } } });
        await Advance(2);
        for (var attempt = 0; attempt < 19; attempt++)
        {
            var lease = Endpoint(1).Lease();
            lease.Answered(0, TimeSpan.FromMilliseconds(1));
            lease.Return(new Fault(FaultSide.Upstream, FaultKind.ResponseTruncated));
        }

        await Advance(2);
        Assert.That(Available(), Has.Length.EqualTo(3), "19 are too few, though each was answered and failed");
        await Fail(Endpoint(1), 1);
        await Advance(2);
        Assert.That(Endpoint(1).Health.Ejection!.Reason, Is.EqualTo("20 of 20 attempts within 10 s failed"));
    }

    [Test]
    public async Task An_endpoint_that_is_slower_than_the_others_is_ejected()
    {
        await Run(Judged(4));
        await Answering(1, 20, 20, 20, 20);
        Assert.That(Available(), Has.Length.EqualTo(4));

        await Answering(10, 20, 55, 20, 20);
        Assert.That(Available(), Has.Length.EqualTo(4), "not three times as slow");

        await Answering(5, 20, 100, 20, 20);
        Assert.That(Available(), Is.EqualTo(new[] { 1, 3, 4 }));
        Assert.That(Endpoint(2).Health.Ejection!.Reason, Does.Match("^half of its \\d+ answers within 10 s took over (9|10)\\d(\\.\\d)? ms, the median of 4 endpoints is (18|19|20|21)(\\.\\d)? ms$"));
        Assert.That(Endpoint(2).Health.Ejections(EjectionCause.SlowerThan), Is.EqualTo(1));
    }

    [Test]
    public async Task A_few_slow_answers_among_many_eject_nobody()
    {
        await Run(Judged(4));
        for (var round = 0; round < 10; round++)
        {
            Answer(Endpoint(1), 10, 60_000);
            await Answering(1, 20, 20, 20, 20);
        }

        Assert.That(Available(), Has.Length.EqualTo(4));
    }

    [Test]
    public async Task Nobody_is_slow_by_less_than_a_floor()
    {
        await Run(Judged(4));
        await Answering(10, 0.05, 0.05, 0.2, 9);

        Assert.That(Available(), Has.Length.EqualTo(4));
    }

    [Test]
    public async Task Two_endpoints_are_too_few_to_tell_who_is_slow()
    {
        await Run(Judged(2));
        await Answering(10, 20, 2000);
        Assert.That(Available(), Has.Length.EqualTo(2));

        // And of four, two that have hardly any answers.
        await Run(Judged(4));
        for (var round = 0; round < 10; round++)
        {
            Answer(Endpoint(3), 1, 20);
            Answer(Endpoint(4), 1, 20);
            await Answering(1, 20, 2000);
        }

        Assert.That(Available(), Has.Length.EqualTo(4));
    }

    [Test]
    public async Task When_half_of_them_are_slow_nobody_stands_out()
    {
        await Run(Judged(4));
        await Answering(10, 20, 20, 100, 100);

        Assert.That(Available(), Has.Length.EqualTo(4));
    }

    [Test]
    public async Task Whoever_comes_back_is_not_judged_on_what_was_before()
    {
        await Run(Judged(4));
        await Answering(2, 20, 100, 20, 20);
        Assert.That(Available(), Is.EqualTo(new[] { 1, 3, 4 }));

        await Advance(30);
        await Answering(10, 20, 20, 20, 20);
        Assert.That((Available().Length, Endpoint(2).Health.Ejections(EjectionCause.SlowerThan)), Is.EqualTo((4, 1)));

        await Answering(6, 20, 100, 20, 20);
        Assert.That((Available().Length, Endpoint(2).Health.Ejections(EjectionCause.SlowerThan)), Is.EqualTo((3, 2)), "but on what it does again");
    }

    [Test]
    public async Task Whoever_starts_slowly_is_neither_judged_nor_compared_with()
    {
        var options = Judged(4) with { SlowStart = TimeSpan.FromSeconds(60) };
        await Run(options);
        Running.Drain(Endpoint(2).Id);
        await Running.SettleAsync();
        Running.Enable(Endpoint(2).Id);
        await Running.SettleAsync();
        await Answering(29, 20, 500, 20, 20);
        Assert.That(Available(), Has.Length.EqualTo(4), "cold caches");

        await Answering(3, 20, 500, 20, 20);
        Assert.That(Available(), Is.EqualTo(new[] { 1, 3, 4 }), "warm, and slow still");
    }

    [Test]
    public async Task A_reload_keeps_what_was_counted()
    {
        var options = Judged(4);
        await Run(options);
        for (var round = 0; round < 4; round++)
        {
            Answer(Endpoint(2), 5, 100);
            await Answering(1, 20, -1, 20, 20);
            await Run(options with { Timeouts = new() { Connect = TimeSpan.FromSeconds(3 + round) } });
        }

        Assert.That(Available(), Has.Length.EqualTo(4), "it has 20 answers, all of them read, but the first reading");
        await Fail(Endpoint(1), 4, BadStatus);
        Answer(Endpoint(2), 5, 100);
        await Answering(1, 20, -1, 20, 20);
        Assert.That(Available(), Is.EqualTo(new[] { 1, 3, 4 }));

        await Run(options with { Timeouts = new() { Connect = TimeSpan.FromSeconds(9) } });
        Assert.That(Available(), Is.EqualTo(new[] { 1, 3, 4 }), "and whom it ejected");
    }

    [Test]
    public async Task The_same_address_in_another_upstream_is_judged_for_itself()
    {
        await Run(Judged(3));
        await using var other = new Upstream("trips", Judged(3), previous: null, Context);
        other.Start();
        await Fail(Endpoint(1), 5, BadStatus);
        await other.SettleAsync();

        Assert.That((Available().Length, other.View.Available.Length), Is.EqualTo((2, 3)));
    }

    [Test]
    public async Task By_default_only_failures_and_rows_of_them_eject_and_no_timer_runs()
    {
        await Run(Options(3));
        Assert.That((Time.ActiveTimers, Endpoint(1).Load.AnswerTimes), Is.EqualTo((0, (object?)null)));

        await Fail(Endpoint(1), 9, BadStatus);
        Assert.That(Available(), Has.Length.EqualTo(3));
        await Fail(Endpoint(1), 1, BadStatus);
        Assert.That(Available(), Is.EqualTo(new[] { 2, 3 }));
    }

    private static UpstreamOptions Judged(int endpoints) => Options(endpoints) with { Health = new() { Passive = Rules } };

    private async Task Mixed(Endpoint endpoint, int answers, int failures)
    {
        Answer(endpoint, answers);
        await Fail(endpoint, failures, BadStatus);
    }

    /// <summary>Each endpoint answers 20 times with its time, in each of so many readings; none where that is negative.</summary>
    private async Task Answering(int rounds, params double[] times)
    {
        for (var round = 0; round < rounds; round++)
        {
            for (var number = 1; number <= times.Length; number++)
            {
                Answer(Endpoint(number), times[number - 1] < 0 ? 0 : 20, times[number - 1]);
            }

            await Advance(Rules.Within.TotalSeconds / TrafficWindow.Slices);
        }
    }
}
