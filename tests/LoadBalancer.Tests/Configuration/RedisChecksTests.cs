using LoadBalancer.Limits;

namespace LoadBalancer.Daemon.Tests.Configuration;

/// <summary>What the file may say of the Redis that instances share, and what an operator reads who has said something else.</summary>
internal sealed class RedisChecksTests
{
    private const string Rest = "listeners: {web: {bind: \"127.0.0.1:0\", tcp: up}}\nupstreams: {up: {endpoints: [\"127.0.0.1:1\"]}}\n";

    private ConfigFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new ConfigFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [TestCase("redis://10.0.0.9", "redis://10.0.0.9:6379", "10.0.0.9:6379")]
    [TestCase("redis://redis.internal:7000/3", "redis://redis.internal:7000/3", "redis.internal:7000")]
    [TestCase("rediss://redis.internal", "rediss://redis.internal:6379", "redis.internal:6379")]
    [TestCase("\"redis://[2001:db8::9]:6380/\"", "redis://[2001:db8::9]:6380", "[2001:db8::9]:6380")]
    [TestCase("unix:/run/redis.sock", "unix:/run/redis.sock", "unix:/run/redis.sock")]
    public void An_address_is_read_as_it_is_written(string text, string printed, string label)
    {
        Assert.That(Errors($"state: {{redis: {text}}}\n"), Is.Empty);
        var address = _folder.Load().Options!.State.Redis!.Address.Single();
        Assert.That((address.ToString(), address.Label), Is.EqualTo((printed, label)));
    }

    [Test]
    public void A_password_comes_by_a_reference_whatever_is_in_it()
    {
        _folder.With("password", "p@ss:w/rd%41");
        Assert.That(Errors($"state: {{redis: \"redis://lb:${{file:{_folder["password"]}}}@10.0.0.9/2\", on_failure: deny}}\n"), Is.Empty);
        var state = _folder.Load().Options!.State;
        var address = state.Redis!.Address.Single();
        Assert.That((address.User, address.Password!.Reveal(), address.Host, address.Database, state.OnFailure), Is.EqualTo(("lb", "p@ss:w/rd%41", "10.0.0.9", 2, StoreFailure.Deny)));
        Assert.That($"{address} {state.Redis} {state}", Does.Not.Contain("p@ss"));
    }

    [TestCase("\"redis://lb:hunter2@10.0.0.9\"")]
    [TestCase("\"redis://:hunter2@10.0.0.9:99999\"")]
    [TestCase("\"lb:hunter2@10.0.0.9:6379\"")]
    [TestCase("\"http://:hunter2@10.0.0.9\"")]
    [TestCase("[redis://10.0.0.8, \"redis://:hunter2@10.0.0.9\"]")]
    [TestCase("{address: redis://10.0.0.9, password: hunter2}")]
    public void A_password_in_the_file_is_refused_and_not_shown(string text) =>
        Assert.That(Errors($"state: {{redis: {text}}}\n").Single(), Does.Contain("does not stand in the file itself").And.Not.Contain("hunter2"));

    [Test]
    public void A_password_that_stands_where_the_user_does_is_refused_and_not_shown()
    {
        _folder.With("password", "hunter2").With("address", "redis://hunter2@10.0.0.9");
        Assert.That(
            Errors($"state: {{redis: \"redis://${{file:{_folder["password"]}}}@10.0.0.9\"}}\n").Single(),
            Does.Contain("write ':' before a reference that is the password, such as redis://:${credential:redis}@10.0.0.9").And.Not.Contain("hunter2"));
        Assert.That(
            Errors($"state: {{redis: \"${{file:{_folder["address"]}}}\"}}\n").Single(),
            Does.Contain("there is a user without a password: give 'password', or write it behind the user's name").And.Not.Contain("hunter2"));
    }

    [Test]
    public void A_user_and_a_password_may_both_be_references()
    {
        _folder.With("user", "lb").With("password", "p:@ss");
        Assert.That(Errors($"state: {{redis: \"redis://${{file:{_folder["user"]}}}:${{file:{_folder["password"]}}}@10.0.0.9\"}}\n"), Is.Empty);
        var address = _folder.Load().Options!.State.Redis!.Address.Single();
        Assert.That((address.User, address.Password!.Reveal()), Is.EqualTo(("lb", "p:@ss")));
    }

    [TestCase("10.0.0.9:6379", "not '10.0.0.9:6379'; write \"redis://10.0.0.9:6379\"")]
    [TestCase("http://10.0.0.9", "not 'http://10.0.0.9'; the scheme is redis, or rediss for TLS")]
    [TestCase("\"redis://10.0.0.9:0\"", "not 'redis://10.0.0.9:0'; behind the scheme is a name or an IP address (of IPv6 in brackets), and then a port from 1 to 65535 and /database where they are wanted")]
    [TestCase("redis://0.0.0.0", "not 'redis://0.0.0.0'; behind the scheme")]
    [TestCase("redis://10.0.0.300", "not 'redis://10.0.0.300'; behind the scheme")]
    [TestCase("redis://10.0.0.9/x", "not 'redis://10.0.0.9/x'; behind the scheme")]
    [TestCase("redis://@10.0.0.9", "not 'redis://@10.0.0.9'; behind the scheme")]
    [TestCase("unix:redis.sock", "not 'unix:redis.sock'; the path of a Unix socket is absolute and at most 107 bytes long")]
    [TestCase("[redis://10.0.0.8, rediss://10.0.0.9]", "state.redis: some addresses begin with redis:// or unix: and some with rediss://: write all of them alike, or a password may go out in clear")]
    [TestCase("{address: redis://10.0.0.9, cluster: true, database: 1}", "state.redis: a cluster has database 0 only: leave 'database' out")]
    [TestCase("{address: \"unix:/run/x.sock\", cluster: true}", "state.redis: the nodes of a cluster are not on this machine's Unix sockets: write redis:// addresses, or leave 'cluster' out")]
    [TestCase("{address: redis://10.0.0.9, tls: {}}", "state.redis: 'tls' is there, but no address begins with rediss://: write rediss:// where TLS is spoken")]
    [TestCase("{address: rediss://10.0.0.9, tls: {cert: /x.pem}}", "state.redis: 'tls' has a 'cert' without a 'key', or a 'key' without a 'cert': give both, or neither")]
    [TestCase("{address: rediss://10.0.0.9, tls: {ca: /none/ca.pem}}", "/none/ca.pem: no such file")]
    [TestCase("{timeout: 10ms}", "'redis' needs the key 'address'")]
    [TestCase("{address: redis://10.0.0.9, timeout: 1ms}", "'timeout' expects a duration from 5ms to 5s such as 5s, not '1ms'")]
    public void What_cannot_work_is_an_error_that_says_what_to_do(string text, string error) =>
        Assert.That(Errors($"state: {{redis: {text}}}\n").Single(), Does.Contain(error));

    [Test]
    public void TLS_that_verifies_nothing_is_warned_of()
    {
        _folder.With("lb.yaml", Rest + "state: {redis: {address: rediss://10.0.0.9, tls: {insecure: true}}}\n");
        Assert.That(_folder.Load().Warnings.Select(warning => warning.Message), Has.Some.StartsWith("'insecure: true': the certificate of state.redis is not verified"));
    }

    private string[] Errors(string more)
    {
        _folder.With("lb.yaml", Rest + more);
        return [.. _folder.Load().Errors.Select(error => error.Message)];
    }
}
