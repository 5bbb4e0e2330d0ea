namespace LoadBalancer.Daemon.Tests.Scenarios.Chaos;

/// <summary>What the chaos run takes for an explanation, and what it does not.</summary>
internal sealed class ChaosExplanationsTests
{
    private const string Here = "127.0.1.1";
    private const string There = "127.0.1.2";

    private static readonly ChaosFailure Failure = new(Seconds(10), Seconds(10.5), "key", "GET /h1/7", "the stream ended after 3 of 7 bytes");

    [TestCase("kill", "connect_refused")]
    [TestCase("kill", "reset")]
    [TestCase("kill", "endpoint_closed")]
    [TestCase("reset", "response_truncated")]
    [TestCase("freeze", "first_byte_timeout")]
    [TestCase("stall", "between_bytes_timeout")]
    [TestCase("lie", "response_invalid")]
    [TestCase("busy", "connect_timeout")]
    [TestCase("freeze", "handshake_timeout")]
    public void A_reason_to_which_the_fault_of_that_machine_leads_explains(string kind, string reason)
    {
        Assert.That(IsExplained(reason, kind, Here), Is.True);
        Assert.That(IsExplained(reason, kind, There), Is.False, "another machine's");
        Assert.That(IsExplained(reason, kind, Here, from: 5, until: 8), Is.False, "long before");
        Assert.That(IsExplained(reason, kind, Here, from: 11, until: 12), Is.False, "after it");
    }

    [TestCase("freeze", "connect_refused")]
    [TestCase("kill", "handshake_timeout")]
    [TestCase("kill", "response_invalid")]
    [TestCase("busy", "reset")]
    [TestCase("slow", "reset")]
    [TestCase("kill", "client_closed", Description = "a client never breaks off: whoever says so has cut it off itself")]
    [TestCase("kill", "request_invalid")]
    [TestCase("kill", "no_route")]
    [TestCase("kill", "drained")]
    [TestCase("kill", "bug")]
    [TestCase("kill", "some_reason_of_tomorrow")]
    public void A_reason_to_which_it_does_not_lead_explains_nothing(string kind, string reason) => Assert.That(IsExplained(reason, kind, Here), Is.False);

    [Test]
    public void Other_bytes_are_explained_by_nothing()
    {
        var wrong = Failure with { Seen = "WRONG: the answer to another" };
        Assert.That(Explanations("kill", Here).IsExplained(wrong, [Line("reset")]), Is.False);
    }

    [Test]
    public void What_the_client_was_told_is_what_the_log_says()
    {
        Assert.That(Explanations("kill", Here).IsExplained(Failure with { Code = "reset" }, [Line("connect_refused")]), Is.False);
        Assert.That(Explanations("kill", Here).IsExplained(Failure with { Code = "reset" }, [Line("reset")]), Is.True);
    }

    [Test]
    public void A_line_of_another_connection_with_the_same_port_explains_nothing() =>
        Assert.That(Explanations("kill", Here).IsExplained(Failure, [Line("reset") with { At = Seconds(2) }]), Is.False);

    [Test]
    public void An_answer_in_order_explains_only_where_bytes_are_passed_on_and_the_machine_was_killed()
    {
        Assert.That(Explanations("kill", Here).IsExplained(Failure, [Line("ok") with { Status = null }]), Is.True);
        Assert.That(Explanations("kill", Here).IsExplained(Failure, [Line("ok") with { Status = 101 }]), Is.True, "a WebSocket");
        Assert.That(Explanations("kill", Here).IsExplained(Failure, [Line("client_closed") with { Status = 101 }]), Is.False, "its client does not go first");
        Assert.That(Explanations("kill", Here).IsExplained(Failure, [Line("ok")]), Is.False, "a request");
        Assert.That(Explanations("freeze", Here).IsExplained(Failure, [Line("ok") with { Status = null }]), Is.False);
    }

    [Test]
    public void A_failure_without_a_line_is_explained_where_nobody_has_looked_at_it_and_the_process_was_replaced()
    {
        Assert.That(Explanations("upgrade", "").IsExplained(Failure, []), Is.False);
        Assert.That(Explanations("upgrade", "").IsExplained(Failure with { IsUntaken = true }, []), Is.True);
        Assert.That(Explanations("kill", Here).IsExplained(Failure with { IsUntaken = true }, []), Is.False);
    }

    [Test]
    public void No_endpoint_explains_where_all_machines_had_something_wrong()
    {
        var none = Line("no_endpoint") with { Endpoint = null };
        Assert.That(Explanations("kill", Here).IsExplained(Failure, [none]), Is.False, "there is another machine");
        var all = new ChaosExplanations([Window("kill", Here, 9, 11), Window("absent", There, 5, 6)], [Here, There]);
        Assert.That(all.IsExplained(Failure, [none]), Is.True);
    }

    private static bool IsExplained(string reason, string kind, string machine, double from = 9, double until = 11) =>
        new ChaosExplanations([Window(kind, machine, from, until)], [Here, There]).IsExplained(Failure, [Line(reason)]);

    private static ChaosExplanations Explanations(string kind, string machine) => new([Window(kind, machine, 9, 11)], [Here, There]);

    private static ChaosWindow Window(string kind, string machine, double from, double until) => new(Seconds(from), kind, machine) { Until = Seconds(until) };

    private static ChaosLine Line(string result) => new(Seconds(10.5), "key", result, $"{Here}:8000", 502, "");

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);
}
