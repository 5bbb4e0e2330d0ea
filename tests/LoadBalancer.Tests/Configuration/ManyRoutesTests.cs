using System.Text;
using LoadBalancer.Daemon.Configuration;

namespace LoadBalancer.Daemon.Tests.Configuration;

internal sealed class ManyRoutesTests
{
    [TestCase("/service{0}/v1/*")]
    [TestCase("/service{0}/{{id}}/v1")]
    [TestCase("/{{tenant}}/service{0}")]
    public void Ten_times_the_routes_take_no_more_than_twelve_times_the_memory(string path)
    {
        // What was built for the first time is no part of it.
        Load(path, 100);
        var (few, many) = (Load(path, 1000), Load(path, 10_000));
        Assert.That((double)many / few, Is.LessThan(12), $"{few} bytes for 1,000 routes, {many} for 10,000");
    }

    private static long Load(string path, int routes)
    {
        var text = new StringBuilder("upstreams: {a: {endpoints: [\"10.0.0.1:80\"]}}\nlisteners:\n  web:\n    bind: \":80\"\n    http:\n      routes:\n");
        for (var route = 0; route < routes; route++)
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"        - {{path: \"{string.Format(System.Globalization.CultureInfo.InvariantCulture, path, route)}\", upstream: a}}\n");
        }

        using var folder = new ConfigFolder().With("lb.yaml", text.ToString());
        var before = GC.GetAllocatedBytesForCurrentThread();
        var loaded = GatewayFile.Load(folder["lb.yaml"]);
        var taken = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.That(loaded.Errors, Is.Empty);
        Assert.That(loaded.Options!.Listeners["web"].Http!.Routes.Count, Is.EqualTo(routes));
        return taken;
    }
}
