using System.Text;
using LoadBalancer.Http.Server.Http1;
using LoadBalancer.Tests;

namespace LoadBalancer.Http.Tests.Server.Http1;

internal sealed class DateTextTests
{
    [Test]
    public void Is_the_form_of_rfc_9110_in_gmt_and_goes_on_with_the_second()
    {
        var time = new ManualTime(new DateTimeOffset(1994, 11, 6, 10, 49, 36, 900, TimeSpan.FromHours(2)));
        var date = new DateText();
        Assert.That(Text(), Is.EqualTo("Sun, 06 Nov 1994 08:49:36 GMT"));
        time.Advance(TimeSpan.FromMilliseconds(99));
        Assert.That(Text(), Is.EqualTo("Sun, 06 Nov 1994 08:49:36 GMT"));
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.That(Text(), Is.EqualTo("Sun, 06 Nov 1994 08:49:37 GMT"));
        time.Advance(TimeSpan.FromDays(1));
        Assert.That(Text(), Is.EqualTo("Mon, 07 Nov 1994 08:49:37 GMT"));

        string Text() => Encoding.ASCII.GetString(date.At(time.GetTimestamp() / TimeSpan.TicksPerMillisecond, time));
    }

    [Test]
    public void Allocates_nothing()
    {
        var date = new DateText();
        var now = 0L;
        Assert.That(Allocations.Of(() => _ = date.At(now += 500, TimeProvider.System).Length), Is.Zero);
    }
}
