using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Authentication.Oidc;
using LoadBalancer.Tests;

namespace LoadBalancer.Http.Tests.Authentication.Oidc;

internal sealed class CookieKeyFileTests
{
    private const string Good = "1111111111111111111111111111111111111111111111111111111111111111";

    [Test]
    public void A_file_that_is_as_it_was_before_it_was_no_use_is_good_again()
    {
        var (path, time, reports) = (Path.GetTempFileName(), new ManualTime(), new List<bool>());
        File.WriteAllText(path, Good);
        var context = new BuildContext { Time = time, Loops = 1, Seeds = new Random(1), Connections = null!, OnProvider = report => reports.Add(report.Failure is null) };
        using var file = new CookieKeyFile(path, new ProviderCondition("p", context), time);
        file.Begin();
        foreach (var text in (string[])["x", "x", Good, Good])
        {
            File.WriteAllText(path, text);
            time.Advance(TimeSpan.FromSeconds(5));
        }

        File.Delete(path);
        Assert.That(reports, Is.EqualTo([false, true]));
    }
}
