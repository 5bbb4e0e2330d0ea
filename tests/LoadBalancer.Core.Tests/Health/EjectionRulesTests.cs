using LoadBalancer.Endpoints;
using LoadBalancer.Health;

namespace LoadBalancer.Tests.Health;

public sealed class EjectionRulesTests
{
    private static readonly PassiveHealthOptions Options = new();

    [TestCase(0.5, 1, 0)]
    [TestCase(0.5, 2, 1)]
    [TestCase(0.5, 3, 1)]
    [TestCase(0.1, 5, 0)]
    [TestCase(0.29, 100, 29, Description = "though 0.29 × 100 is less in binary")]
    [TestCase(1.0, 7, 7)]
    [TestCase(0.0, 7, 0)]
    public void Allow_a_share_of_the_endpoints_rounded_down(double share, int endpoints, int most) =>
        Assert.That(EjectionRules.Most(Options with { MaxEjected = share }, endpoints), Is.EqualTo(most));

    [Test]
    public void Double_each_repeat_up_to_a_bound() =>
        Assert.That(
            new[] { 1, 2, 3, 4, 5, 6, 5_000 }.Select(repeats => EjectionRules.For(Options, repeats).TotalSeconds),
            Is.EqualTo(new[] { 30, 60, 120, 240, 480, 480, 480 }));

    [TestCase(61, 3, Description = "back for a second: the third in a row")]
    [TestCase(120, 3, Description = "back for as long as it was out")]
    [TestCase(121, 1, Description = "back for longer: forgiven")]
    public void Count_from_one_again_after_a_while_without_an_ejection(int secondsAfterItsStart, int repeats)
    {
        var time = new ManualTime();
        var last = new Ejection(Repeats: 2, TimeSpan.FromSeconds(60), time.GetTimestamp(), time.GetUtcNow(), "", Over: true);
        time.Advance(TimeSpan.FromSeconds(secondsAfterItsStart));

        Assert.That(EjectionRules.Repeats(Options, last, time), Is.EqualTo(repeats));
    }

    [Test]
    public void Count_from_one() => Assert.That(EjectionRules.Repeats(Options, last: null, new ManualTime()), Is.EqualTo(1));
}
