using LoadBalancer.Limits;

namespace LoadBalancer.Tests.Limits;

public sealed class OutcomeWindowTests
{
    private readonly ManualTime _time = new();

    [Test]
    public void Has_what_every_loop_counted()
    {
        var window = new OutcomeWindow(TimeSpan.FromSeconds(10), loops: 3, _time);
        for (var loop = 0; loop < 3; loop++)
        {
            window.CountAttempt(loop, _time.GetTimestamp());
            window.CountAttempt(loop, _time.GetTimestamp());
            window.CountFailure(loop, _time.GetTimestamp());
        }

        Assert.That(window.Read(_time.GetTimestamp()), Is.EqualTo((6L, 3L)));
    }

    [Test]
    public void Keeps_for_its_length_and_forgets_within_a_slice_more([Values(0, 1, 37, 999)] int startMs)
    {
        _time.Advance(TimeSpan.FromMilliseconds(startMs));
        var window = new OutcomeWindow(TimeSpan.FromSeconds(1), loops: 1, _time);
        window.CountAttempt(0, _time.GetTimestamp());

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(window.Read(_time.GetTimestamp()).Attempts, Is.EqualTo(1));

        _time.Advance(TimeSpan.FromMilliseconds(101));
        Assert.That(window.Read(_time.GetTimestamp()).Attempts, Is.Zero);
    }

    [Test]
    public void Begins_a_cell_anew_when_its_turn_comes_again()
    {
        var window = new OutcomeWindow(TimeSpan.FromSeconds(1), loops: 1, _time);
        for (var slice = 0; slice < 100; slice++)
        {
            window.CountAttempt(0, _time.GetTimestamp());
            _time.Advance(TimeSpan.FromMilliseconds(100));
        }

        Assert.That(window.Read(_time.GetTimestamp()).Attempts, Is.EqualTo(OutcomeWindow.Slices));
    }
}
