using LoadBalancer.Balancing;
using LoadBalancer.Endpoints;
using LoadBalancer.Health;
using LoadBalancer.Tests.Balancing;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Tests.Upstreams;

public sealed class AvailabilityTests
{
    private static readonly HealthOptions Both = new() { Active = new() };

    /// <summary>One letter a member: . fine, p unproven, d down by probes, e ejected, x both, 0 of weight zero, o drained by an operator.</summary>
    [TestCase("...", "123")]
    [TestCase("p.d", "12", Description = "the unproven are used, the unhealthy are not")]
    [TestCase(".e.", "13")]
    [TestCase("0..", "23")]
    [TestCase("o..", "23")]
    [TestCase("oo", "", Description = "what an operator says is never ignored")]
    [TestCase("oe", "2")]
    [TestCase("ee", "12", Description = "ejections never empty the pool")]
    [TestCase("ed", "1", Description = "not even together with probes")]
    [TestCase("xed", "2")]
    [TestCase("dd", "", Description = "probes may")]
    [TestCase("0", "")]
    [TestCase("", "")]
    public void Is_for_those_whom_probes_and_traffic_leave(string members, string available) =>
        Assert.That(Numbers(members, Both), Is.EqualTo(available));

    [Test]
    public void Ignores_probes_that_are_turned_off() => Assert.That(Numbers("d.e", new HealthOptions()), Is.EqualTo("12"));

    [Test]
    public void Ignores_ejections_where_watching_is_turned_off() =>
        Assert.That(Numbers("d.e", Both with { Passive = null }), Is.EqualTo("23"));

    private static string Numbers(string members, HealthOptions options) =>
        string.Concat(Availability.Of([.. members.Select((state, at) => Member(at + 1, state))], options)
            .Select(member => member.Endpoint.Address.ToString()!["10.0.0.".Length]));

    private static Member Member(int number, char state)
    {
        var member = Members.Member(number, weight: state == '0' ? 0 : 1);
        member.Endpoint.IsDrained = state == 'o';
        var verdict = state switch { 'p' => HealthVerdict.Unproven, 'd' or 'x' => HealthVerdict.Unhealthy, _ => HealthVerdict.Healthy };
        member.Endpoint.Health.Active = ActiveHealth.Unproven with { Verdict = verdict };
        if (state is 'e' or 'x')
        {
            member.Endpoint.Health.Ejection = new Ejection(1, TimeSpan.FromSeconds(30), 0, DateTimeOffset.UnixEpoch, "");
        }

        return member;
    }
}
