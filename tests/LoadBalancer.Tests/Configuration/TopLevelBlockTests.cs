using LoadBalancer.Daemon.Configuration;

namespace LoadBalancer.Daemon.Tests.Configuration;

internal sealed class TopLevelBlockTests
{
    [TestCase("listeners: {a: [\nadmin: {bind: unix:/a}\nlog: }", "admin: {bind: unix:/a}")]
    [TestCase("admin:\n  bind:\n    - unix:/a\n# a remark\n\n  token: x\nlisteners: [", "admin:\n  bind:\n    - unix:/a\n# a remark\n\n  token: x")]
    [TestCase("a: {\r\nadmin: {bind: unix:/a}\r\nb: 1\r\n", "admin: {bind: unix:/a}\r")]
    [TestCase("a: {\nadmin: {}\n", "admin: {}\n")]
    [TestCase("admin:", "admin:")]
    [TestCase("a: {\n  admin: {bind: unix:/a}\n", null)]
    [TestCase("admin: 1\nb: [\nadmin: 2\n", null)]
    [TestCase("administrator: 1", null)]
    [TestCase("", null)]
    public void Is_from_its_line_to_the_next_key(string text, string? block) => Assert.That(TopLevelBlock.In(text, "admin"), Is.EqualTo(block));

    [TestCase("state: {dir: /var/lb}\n", "/var/lb", Description = "valid YAML, and no configuration")]
    [TestCase("state:\n  dir: /var/lb\nlisteners: [", "/var/lb")]
    [TestCase("statement: 1\nlisteners: [", "auto")]
    [TestCase("state: {dir: [1]}\n", "auto")]
    [TestCase("", "auto")]
    public void Tells_where_the_state_folder_is_where_the_whole_file_cannot(string text, string dir)
    {
        using var folder = new ConfigFolder().With("lb.yaml", text);
        Assert.That(GatewayFile.LoadState(folder["lb.yaml"], _ => null).Dir, Is.EqualTo(dir));
        Assert.That(GatewayFile.LoadState(folder["none.yaml"], _ => null).Dir, Is.EqualTo("auto"));
    }

    [TestCase("listeners: {a: [\nadmin: {bind: \"unix:/run/a.sock\", token: sixteen-letters-long}\n", "/run/a.sock")]
    [TestCase("listeners: &a\nadmin: {bind: \"unix:/run/a.sock\"}\n", "/run/a.sock")]
    [TestCase("x: \0\nadmin:\n  bind: [\":9090\", \"unix:/run/a.sock\"]\n", "0.0.0.0:9090 /run/a.sock")]
    [TestCase("admin: {token: short, bind: \"unix:/run/a.sock\"}\n", "/run/a.sock", Description = "valid YAML, and the token is wrong")]
    [TestCase("admin:\nlisteners: {}\n", "127.0.0.1:9090")]
    [TestCase("listeners: {}\n", "127.0.0.1:9090")]
    [TestCase("admin: {bind: 909x}\n", null)]
    [TestCase("admin: [1]\n", null)]
    [TestCase("listeners: {a: [\nadmin: {bind: 909x}\n", null)]
    [TestCase("listeners: {a: [\nadmin: {bind: \"unix:/run/a.s", null)]
    [TestCase("listeners: {a: [\n", null)]
    [TestCase("# soon\n", null)]
    public void Tells_where_lb_listens_where_the_whole_file_cannot(string text, string? addresses)
    {
        using var folder = new ConfigFolder().With("lb.yaml", text);
        var (options, errors) = GatewayFile.LoadAdmin(folder["lb.yaml"], _ => null);
        Assert.That(options is null ? null : string.Join(' ', options.Bind), Is.EqualTo(addresses));
        Assert.That(errors.Count > 0 || addresses is not null, "where nothing is known, it is said why");
    }
}
