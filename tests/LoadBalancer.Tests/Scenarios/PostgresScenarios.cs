using System.Net;
using LoadBalancer.Daemon.Tests.Repository;
using static LoadBalancer.Daemon.Tests.Scenarios.BalancingScenarios;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>samples/postgres/lb.yaml as it stands, with its addresses replaced, in front of a real primary and its standby.</summary>
internal sealed class PostgresScenarios
{
    private string _folder = null!;
    private PostgresServer _primary = null!;
    private PostgresServer _standby = null!;
    private DaemonHarness _daemon = null!;

    [OneTimeSetUp]
    public void Create()
    {
        _folder = PostgresServer.NewFolder();
        _primary = PostgresServer.Create(_folder);
        _primary.Start();
        _standby = _primary.CreateStandby();
        _primary.Kill();
    }

    [OneTimeTearDown]
    public void Delete()
    {
        _standby.Dispose();
        _primary.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [SetUp]
    public async Task Start()
    {
        _primary.Start();
        _standby.Start();
        _daemon = await DaemonHarness.StartAsync(Sample);
    }

    [TearDown]
    public async Task End()
    {
        await _daemon.DisposeAsync();
        _standby.Stop();
        _primary.Stop();
    }

    [Test]
    public async Task A_query_passes_by_TCP_and_by_Unix_socket()
    {
        using (var session = await OpenAsync("write"))
        {
            session.Ask("create table if not exists t (text text); truncate t; insert into t values ('through lb') returning text");
            Assert.That(session.Ask("select text from t"), Is.EqualTo("through lb"));
            Assert.That(session.Ask("select length(repeat('x', 3000000)), repeat('x', 3000000)"), Has.Length.EqualTo(3_000_008));
        }

        // Both sides by Unix socket: the listener's file is where PostgreSQL's clients look for it.
        await _daemon.ReloadAsync(Sample.Replace("write:\n    bind: \"127.0.0.1:0\"", $"write:\n    bind: \"unix:{_folder}/.s.PGSQL.5432\"", StringComparison.Ordinal)
            .Replace($"- \"{_primary.Address}\"", $"- \"unix:{_primary.SocketPath}\"", StringComparison.Ordinal));
        using var local = PostgresSession.Open(_folder, 5432);
        Assert.That(local.Ask("select text from t"), Is.EqualTo("through lb"));
        Assert.That(local.Ask("select inet_client_addr() is null"), Is.EqualTo("t"), "the server sees a Unix socket");
    }

    [Test]
    public async Task Sessions_to_read_are_spread_and_sessions_to_write_are_not()
    {
        var reads = new List<PostgresSession>();
        for (var session = 0; session < 6; session++)
        {
            reads.Add(await OpenAsync("read"));
            _ = reads[^1].IsAtStandby;
        }

        using var write = await OpenAsync("write");
        Assert.That(reads.Count(session => session.IsAtStandby), Is.EqualTo(3));
        Assert.That(write.IsAtStandby, Is.False);
        reads.ForEach(session => session.Dispose());
    }

    [Test]
    public async Task A_killed_primary_ends_its_own_sessions_and_the_standby_takes_the_next()
    {
        using var write = await OpenAsync("write");
        Assert.That(write.IsAtStandby, Is.False);
        var reads = new List<PostgresSession> { await OpenAsync("read"), await OpenAsync("read") };
        var standby = reads.Single(session => session.IsAtStandby);
        _primary.Kill();
        using (var next = await OpenAsync("write"))
        {
            Assert.That(next.IsAtStandby, "the backup takes over without a failed session");
        }

        Assert.That(write.Fail(), Does.Contain("server closed the connection unexpectedly").Or.Contain("Connection reset"));
        Assert.That(standby.Ask("select 1"), Is.EqualTo("1"), "the other server's session goes on");

        _primary.Start();
        await _daemon.UntilAsync(status => Endpoint(status, _primary.Address).GetProperty("state").GetString() == "available", "the primary is back");
        using var back = await OpenAsync("write");
        Assert.That(back.IsAtStandby, Is.False);
        reads.ForEach(session => session.Dispose());
    }

    [Test]
    public async Task A_server_that_is_taken_out_keeps_its_sessions_and_gets_no_new_one()
    {
        var before = new List<PostgresSession> { await OpenAsync("read"), await OpenAsync("read") };
        Assert.That(before.Select(session => session.IsAtStandby), Is.EquivalentTo(new[] { true, false }));
        await _daemon.ReloadAsync(Sample.Replace($"endpoints: [\"{_primary.Address}\", \"{_standby.Address}\"]", $"endpoints: [\"{_primary.Address}\"]", StringComparison.Ordinal));
        for (var session = 0; session < 4; session++)
        {
            using var next = await OpenAsync("read");
            Assert.That(next.IsAtStandby, Is.False);
        }

        Assert.That(before.Select(session => session.IsAtStandby), Is.EquivalentTo(new[] { true, false }), "what was open goes on");
        before.ForEach(session => session.Dispose());
    }

    private string Sample => WorkTree.Read("samples/postgres/lb.yaml")
        .Replace("\":5432\"", "\"127.0.0.1:0\"", StringComparison.Ordinal)
        .Replace("\":5433\"", "\"127.0.0.1:0\"", StringComparison.Ordinal)
        .Replace("10.0.3.10:5432", _primary.Address.ToString(), StringComparison.Ordinal)
        .Replace("10.0.3.11:5432", _standby.Address.ToString(), StringComparison.Ordinal);

    private async Task<PostgresSession> OpenAsync(string listener) => PostgresSession.Open((IPEndPoint)await _daemon.AddressOfAsync(listener));
}
