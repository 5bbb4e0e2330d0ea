using LoadBalancer.Balancing;
using LoadBalancer.Endpoints;
using LoadBalancer.Health;
using LoadBalancer.Tests.Balancing;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Tests.Upstreams;

public sealed class AvailabilityTests
{
    private static readonly HealthOptions Both = new() { Active = new(), Panic = 0 };

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

    /// <summary>As above; a capital letter is a backup, and = one that is fine.</summary>
    [TestCase("dd", "12", true, Description = "total outage: probes are not believed")]
    [TestCase("d", "1", true)]
    [TestCase(".d", "1", false, Description = "half of them is not below half")]
    [TestCase(".dd", "123", true)]
    [TestCase("..ddd", "12345", true)]
    [TestCase("..dd", "12", false)]
    [TestCase("pdp", "13", false, Description = "the unproven count as healthy")]
    [TestCase(".ee", "1", false, Description = "ejections do not lead to panic")]
    [TestCase("xed", "123", true, Description = "in panic they are ignored like verdicts")]
    [TestCase(".do", "1", false, Description = "the drained do not count")]
    [TestCase("ddo", "12", true, Description = "and are not used")]
    [TestCase("dd0", "12", true, Description = "nor is weight 0")]
    [TestCase("oo", "", false)]
    [TestCase("d=", "2", false, Description = "a backup takes over from the last primary")]
    [TestCase("dd=", "3", false, Description = "however many primaries are down")]
    [TestCase(".D", "1", false, Description = "backups that nobody needs may be down")]
    [TestCase(".DDD", "1", false)]
    [TestCase(".dd=", "1234", true, Description = "too few primaries: all primaries, and the backup behind them")]
    [TestCase(".ddD", "123", true, Description = "but no unhealthy backup")]
    [TestCase("dd=DD", "345", true, Description = "backups in use panic for themselves")]
    [TestCase("dd==D", "34", false)]
    [TestCase("ddDD", "1234", true, Description = "nobody is left: both ranks")]
    public void Panics_below_half_of_the_rank_in_use(string members, string available, bool panic)
    {
        var availability = Of(members, Both with { Panic = 0.5 });

        Assert.That((Numbers(availability), availability.Panic is not null), Is.EqualTo((available, panic)));
    }

    [TestCase(0.0, "", false)]
    [TestCase(0.01, "1234", true)]
    public void Panics_by_the_share_that_the_file_says(double panic, string available, bool panics)
    {
        var availability = Of("dddd", Both with { Panic = panic });

        Assert.That((Numbers(availability), availability.Panic is not null), Is.EqualTo((available, panics)));
        Assert.That(Numbers(".ddd", Both with { Panic = panic }), Is.EqualTo("1"));
    }

    [Test]
    public void Says_why_it_panics() => Assert.That(
        new[] { "ddd", ".dd", "dd=DD" }.Select(members => Of(members, Both with { Panic = 0.5 }).Panic),
        Is.EqualTo(new[]
        {
            "none of 3 endpoints is healthy: all are used",
            "1 of 3 endpoints is healthy, less than 50%: all are used",
            "1 of 3 backups is healthy, less than 50%: all are used",
        }));

    [Test]
    public void Ignores_probes_that_are_turned_off() => Assert.That(Numbers("d.e", new HealthOptions()), Is.EqualTo("12"));

    [Test]
    public void Ignores_ejections_where_watching_is_turned_off() =>
        Assert.That(Numbers("d.e", Both with { Passive = null }), Is.EqualTo("23"));

    private static string Numbers(string members, HealthOptions options) =>
        Numbers(Of(members, options));

    private static string Numbers(Availability availability) =>
        string.Concat(availability.Members.Select(member => member.Endpoint.Address.ToString()!["10.0.0.".Length]));

    private static Availability Of(string members, HealthOptions options) =>
        Availability.Of([.. members.Select((state, at) => Member(at + 1, state))], options);

    private static Member Member(int number, char letter)
    {
        var state = char.ToLowerInvariant(letter);
        var member = Members.Member(number, weight: state == '0' ? 0 : 1, backup: letter == '=' || char.IsUpper(letter));
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
