using System.Globalization;
using LoadBalancer.Daemon.Reloading;

namespace LoadBalancer.Daemon.Tests.Reloading;

internal sealed class BackgroundThreadTests
{
    [Test]
    public async Task It_stands_behind_all_others_and_nobody_else_does()
    {
        var before = Niceness();
        Assert.That(await BackgroundThread.RunAsync(Niceness), Is.EqualTo(Math.Max(before, 10)));
        Assert.That(Niceness(), Is.EqualTo(before));
    }

    [Test]
    public void What_it_throws_is_thrown()
    {
        Assert.That(async () => await BackgroundThread.RunAsync<int>(() => throw new IOException("why")), Throws.TypeOf<IOException>().With.Message.EqualTo("why"));
    }

    // The 19th field of proc_pid_stat(5), of which the second may have spaces.
    private static int Niceness()
    {
        var stat = File.ReadAllText("/proc/thread-self/stat");
        return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[16], CultureInfo.InvariantCulture);
    }
}
