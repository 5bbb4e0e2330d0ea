using LoadBalancer.Peers.Measuring;

namespace LoadBalancer.Peers.Tests.Measuring;

internal sealed class RequestLogTests
{
    private string _folder = "";

    [SetUp]
    public void SetUp() => _folder = Directory.CreateTempSubdirectory("lb-request-log-").FullName;

    [TearDown]
    public void TearDown() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task Counts_the_lines_since_the_last_time_in_all_its_files()
    {
        var log = new RequestLog(_folder, TimeProvider.System);
        await AppendAsync("access.log", "one\ntwo\n");
        await AppendAsync("access2.txt", "three\n");
        await AppendAsync("other.log", "not a request\n");

        Assert.That(await log.CountAsync(expected: 3, CancellationToken.None), Is.EqualTo(3));

        await AppendAsync("access.log", "four\n");

        Assert.That(await log.CountAsync(expected: 1, CancellationToken.None), Is.EqualTo(1));
    }

    [Test]
    public async Task Says_how_many_there_are_where_some_never_come()
    {
        await AppendAsync("access.log", "one\n");

        var log = new RequestLog(_folder, TimeProvider.System) { Patience = TimeSpan.Zero };

        Assert.That(await log.CountAsync(expected: 2, CancellationToken.None), Is.EqualTo(1));
    }

    private Task AppendAsync(string file, string text) => File.AppendAllTextAsync(Path.Combine(_folder, file), text);
}
