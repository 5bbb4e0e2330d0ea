using LoadBalancer.Limits;

namespace LoadBalancer.Tests.Limits;

/// <summary>Who is served, who has to go, and for how long one waits.</summary>
internal sealed class WaitingLineTests
{
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(1);

    private readonly ManualTime _time = new();
    private WaitingLine _line = null!;

    [SetUp]
    public void Empty() => _line = new WaitingLine(_time);

    [Test]
    public void Serves_the_most_important_first_and_of_equals_the_oldest()
    {
        var (low, normal, second, never) = (Join(Importance.Low), Join(Importance.Normal), Join(Importance.Normal), Join(Importance.Never));
        Assert.That(ServeAll(), Is.EqualTo(new[] { never, normal, second, low }));
        Assert.That(new[] { low, never }.Select(member => member.IsWaiting), Is.All.False);
    }

    [Test]
    public void Serves_the_newest_first_once_it_has_stood_too_long()
    {
        var (one, two) = (Join(Importance.Normal), Join(Importance.Normal));
        Pass(0.1);
        Assert.That(ServeAll(), Is.EqualTo(new[] { two, one }));

        (one, two) = (Join(Importance.Normal), Join(Importance.Normal));
        Assert.That(ServeAll(), Is.EqualTo(new[] { one, two }), "it was empty");
    }

    [Test]
    public void Takes_the_least_important_of_all_out_for_one_who_is_more_important()
    {
        Join(Importance.Normal);
        var (low, later) = (Join(Importance.Low), Join(Importance.Low));
        Assert.That(Yielding(Importance.Low), Is.Null, "nobody for an equal");
        Assert.That(Yielding(Importance.High), Is.EqualTo(later), "the one who would be served last");

        Pass(0.1);
        Assert.That(Yielding(Importance.High), Is.EqualTo(low), "the one who would be served last");
    }

    [Test]
    public void Lets_wait_ever_shorter_while_it_stands_and_never_for_less_than_a_turn()
    {
        Assert.That(Patience(Importance.Normal), Is.EqualTo(Most));
        _line.Turn = TimeSpan.FromMilliseconds(40);
        Join(Importance.Normal);
        Assert.That(Patience(Importance.Normal), Is.EqualTo(Most));
        Pass(0.1);
        Assert.That((Patience(Importance.Normal), Patience(Importance.High)), Is.EqualTo((Most / 2, Most)), "each importance by itself");
        Pass(0.2);
        Assert.That(Patience(Importance.Normal), Is.EqualTo(Most / 8));
        Pass(3600);
        Assert.That(Patience(Importance.Normal), Is.EqualTo(_line.Turn));
        _line.Turn = TimeSpan.FromSeconds(5);
        Assert.That(Patience(Importance.Normal), Is.EqualTo(Most), "and never for more than is allowed");
    }

    [Test]
    public void Lets_what_is_never_refused_wait_as_long_as_ever()
    {
        Join(Importance.Never);
        Pass(60);
        Assert.That(Patience(Importance.Never), Is.EqualTo(Most));
    }

    /// <summary>Against a list: any order of joining and leaving.</summary>
    [Test]
    public void Keeps_its_order_whoever_leaves()
    {
        var random = new Random(7);
        var model = new List<Member>();
        for (var turn = 0; turn < 10_000; turn++)
        {
            if (random.Next(3) > 0)
            {
                model.Add(Join((Importance)random.Next(4)));
            }
            else if (model.Count > 0)
            {
                var gone = model[random.Next(model.Count)];
                model.Remove(gone);
                _line.Remove(gone);
            }

            Assert.That(_line.Count, Is.EqualTo(model.Count));
        }

        Assert.That(ServeAll(), Is.EqualTo(model.OrderByDescending(member => member.Importance)));
    }

    private Member Join(Importance importance)
    {
        var member = new Member(importance);
        _line.Add(member, _time.GetTimestamp());
        return member;
    }

    private LineMember? Yielding(Importance importance) => _line.Yielding(importance, _time.GetTimestamp());

    private TimeSpan Patience(Importance importance) => _line.Patience(importance, _time.GetTimestamp(), Most);

    private void Pass(double seconds) => _time.Advance(TimeSpan.FromSeconds(seconds));

    private List<LineMember> ServeAll()
    {
        var served = new List<LineMember>();
        while (_line.Next(_time.GetTimestamp()) is { } next)
        {
            _line.Remove(next);
            served.Add(next);
        }

        return served;
    }

    private sealed class Member(Importance importance) : LineMember(importance);
}
