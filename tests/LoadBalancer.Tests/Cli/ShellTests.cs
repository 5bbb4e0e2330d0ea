using System.Text.Json.Nodes;
using LoadBalancer.Daemon.Cli;
using LoadBalancer.Daemon.Tests.Configuration;

namespace LoadBalancer.Daemon.Tests.Cli;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class ShellTests : IDisposable
{
    private readonly ConfigFolder _folder = new();
    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();

    public void Dispose()
    {
        _folder.Dispose();
        _out.Dispose();
        _error.Dispose();
    }

    [Test]
    public async Task Check_says_that_a_good_file_is_good()
    {
        _folder.With("lb.yaml", GatewayFileTests.Minimal);

        var code = await RunAsync("check", "-c", _folder["lb.yaml"]);

        Assert.Multiple(() =>
        {
            Assert.That(code, Is.Zero);
            Assert.That(_out.ToString(), Is.EqualTo($"{_folder["lb.yaml"]}: ok (listeners 1, upstreams 1, endpoints 1)\n"));
            Assert.That(_error.ToString(), Is.Empty);
        });
    }

    [Test]
    public async Task Check_prints_every_error_to_stderr_and_exits_1()
    {
        _folder.With("lb.yaml", GatewayFileTests.Minimal + "log: {level: x}\nfoo: 1\n");

        var code = await RunAsync("check", "--config", _folder["lb.yaml"]);

        Assert.Multiple(() =>
        {
            Assert.That(code, Is.EqualTo(1));
            Assert.That(_out.ToString(), Is.Empty);
            Assert.That(_error.ToString().Split('\n'), Has.Length.EqualTo(3));
            Assert.That(_error.ToString(), Does.StartWith($"{_folder["lb.yaml"]}:5:14: 'level' expects"));
        });
    }

    [Test]
    public async Task Check_prints_a_warning_and_exits_0()
    {
        _folder.With("lb.yaml", GatewayFileTests.Minimal + "  spare: {endpoints: \"10.0.0.1:80\"}\n");

        var code = await RunAsync("check", "-c", _folder["lb.yaml"]);

        Assert.Multiple(() =>
        {
            Assert.That(code, Is.Zero);
            Assert.That(_error.ToString(), Does.Contain(":5:3: warning: no listener leads to the upstream 'spare'"));
        });
    }

    [Test]
    public async Task Check_needs_no_secrets_where_it_is_told_so()
    {
        _folder.With("lb.yaml", GatewayFileTests.Minimal + "log: {level: \"${env:LB_TEST_NOT_SET}\"}\n");

        var with = await RunAsync("check", "-c", _folder["lb.yaml"]);
        var without = await RunAsync("check", "-c", _folder["lb.yaml"], "--without-secrets");

        Assert.Multiple(() =>
        {
            Assert.That(with, Is.EqualTo(1));
            Assert.That(without, Is.Zero);
            Assert.That(_out.ToString(), Does.EndWith(": ok (references were not looked up)\n"));
        });
    }

    [Test]
    public async Task Check_reads_etc_unless_it_is_told_otherwise()
    {
        var help = await RunAsync("check", "--help");

        Assert.Multiple(() =>
        {
            Assert.That(help, Is.Zero);
            Assert.That(_out.ToString(), Does.Contain("/etc/lb/lb.yaml").And.Contain("--without-secrets"));
        });
    }

    [Test]
    public async Task Schema_prints_JSON()
    {
        var code = await RunAsync("schema");

        Assert.Multiple(() =>
        {
            Assert.That(code, Is.Zero);
            Assert.That(JsonNode.Parse(_out.ToString())!["title"]!.GetValue<string>(), Is.EqualTo("lb.yaml"));
        });
    }

    [Test]
    public async Task Docs_prints_Markdown_and_is_not_listed()
    {
        var docs = await RunAsync("docs");
        var printed = _out.ToString();
        await RunAsync("--help");

        Assert.Multiple(() =>
        {
            Assert.That(docs, Is.Zero);
            Assert.That(printed, Does.StartWith("# lb.yaml\n"));
            Assert.That(_out.ToString()[printed.Length..], Does.Contain("check").And.Not.Contain("docs"));
        });
    }

    [Test]
    public async Task Version_is_printed_to_stdout()
    {
        var code = await RunAsync("--version");

        Assert.Multiple(() =>
        {
            Assert.That(code, Is.Zero);
            Assert.That(_out.ToString(), Does.Match(@"\Alb \d+\.\d+\.\d+( \([0-9a-f]{10}\))?\n\z"));
        });
    }

    [TestCase("lb: a command is missing: ")]
    [TestCase("lb: unknown command 'chekc'; did you mean 'check'?", "chekc")]
    [TestCase("lb: unknown command 'frobnicate'", "frobnicate")]
    [TestCase("lb: Option 'frob' is unknown.", "check", "--frob")]
    [TestCase("lb: -c needs a value\n", "check", "-c")]
    [TestCase("lb: -c needs a value\n", "check", "-c", "")]
    [TestCase("lb: --config needs a value\n", "check", "--config", "--without-secrets")]
    [TestCase("lb: Token '--config=' is not recognized.\n", "check", "--config=")]
    [TestCase("lb: 'lb.yaml' was not expected\n", "check", "lb.yaml")]
    [TestCase("lb: 'x' was not expected\n", "schema", "x")]
    public async Task A_wrong_command_line_exits_2_and_says_why(string error, params string[] arguments)
    {
        var code = await RunAsync(arguments);

        Assert.Multiple(() =>
        {
            Assert.That(code, Is.EqualTo(2));
            Assert.That(_out.ToString(), Is.Empty);
            Assert.That(_error.ToString(), Does.StartWith(error).And.EndsWith("Try 'lb --help'.\n"));
        });
    }

    private Task<int> RunAsync(params string[] arguments) => new Shell(new Terminal(_out, _error, _ => null)).RunAsync(arguments);
}
