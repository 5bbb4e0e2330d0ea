using LoadBalancer.Endpoints;
using LoadBalancer.Health;

namespace LoadBalancer.Tests.Health;

public sealed class HealthThresholdsTests
{
    private static readonly HealthThresholds RiseTwoFallThree = new(HealthyAfter: 2, UnhealthyAfter: 3);

    /// <summary>One letter an answer: + passed, - failed, ? could not be asked; and the verdict after each: U(nproven), H(ealthy), D(own).</summary>
    [TestCase("+--+--+---", "HHHHHHHHHD", Description = "falls after three in a row, and a success between them starts the count again")]
    [TestCase("-+-+-++", "DDDDDDH", Description = "rises after two in a row, and a failure between them starts the count again")]
    [TestCase("+-+-+-+-+-", "HHHHHHHHHH", Description = "does not flap with alternating answers")]
    [TestCase("-", "D", Description = "the first answer of all decides alone")]
    [TestCase("?-", "UD", Description = "what could not be asked is no answer")]
    [TestCase("+--?-", "HHHHD", Description = "and leaves the count alone")]
    public void Follow_the_answers(string answers, string verdicts)
    {
        var state = ActiveHealth.Unproven;
        var seen = "";
        foreach (var answer in answers)
        {
            bool? passed = answer switch { '+' => true, '-' => false, _ => null };
            state = RiseTwoFallThree.After(state, new ProbeAnswer(passed switch { true => ProbeResult.Passed, false => ProbeResult.Error, null => ProbeResult.OutOfResources }, "told"), DateTimeOffset.UnixEpoch);
            seen += state.Verdict switch { HealthVerdict.Unproven => 'U', HealthVerdict.Healthy => 'H', _ => 'D' };
        }

        Assert.That(seen, Is.EqualTo(verdicts));
    }

    [Test]
    public void Keep_the_reason_and_the_time_of_the_answer_that_decided()
    {
        var down = RiseTwoFallThree.After(ActiveHealth.Unproven, new ProbeAnswer(ProbeResult.ConnectRefused, "connect_refused"), DateTimeOffset.UnixEpoch);
        var later = RiseTwoFallThree.After(down, new ProbeAnswer(ProbeResult.NoAnswer, "no answer within 2 s"), DateTimeOffset.UnixEpoch.AddDays(1));

        Assert.That((later.Reason, later.Since), Is.EqualTo(("connect_refused", DateTimeOffset.UnixEpoch)));
    }
}
