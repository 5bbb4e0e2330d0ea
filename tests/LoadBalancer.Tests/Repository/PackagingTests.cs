using System.Globalization;
using System.Runtime.Versioning;
using System.Text.RegularExpressions;
using LoadBalancer.Daemon.Configuration;

namespace LoadBalancer.Daemon.Tests.Repository;

/// <summary>What packaging/install puts on a machine, into a folder of its own, judged by systemd's own tools.</summary>
[SupportedOSPlatform("linux")]
public sealed class PackagingTests
{
    private string _root = null!;

    [SetUp]
    public void Prepare()
    {
        _root = Directory.CreateTempSubdirectory("lb-install-").FullName;
        File.WriteAllText(Binary, "#!/bin/sh\n");
        File.SetUnixFileMode(Binary, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    [TearDown]
    public void Remove() => Directory.Delete(_root, recursive: true);

    [Test]
    public void Installs_the_binary_its_unit_and_its_directories()
    {
        Install("/usr");

        Assert.Multiple(() =>
        {
            Assert.That(Mode("usr/bin/lb"), Is.EqualTo("755"));
            Assert.That(Mode("usr/lib/systemd/system/lb.service"), Is.EqualTo("644"));
            Assert.That(Mode("usr/lib/sysusers.d/lb.conf"), Is.EqualTo("644"));
            Assert.That(Mode("etc/logrotate.d/lb"), Is.EqualTo("644"));
            Assert.That(Mode("etc/lb/lb.yaml"), Is.EqualTo("644"));
            Assert.That(Mode("var/lib/lb"), Is.EqualTo("750"));
            Assert.That(Mode("var/log/lb"), Is.EqualTo("750"));
        });
    }

    [Test]
    public void Keeps_a_configuration_that_is_there()
    {
        Install("/usr");
        File.WriteAllText(At("etc/lb/lb.yaml"), "# mine\n");

        var again = Install("/usr");

        Assert.That(File.ReadAllText(At("etc/lb/lb.yaml")), Is.EqualTo("# mine\n"));
        Assert.That(again.Output, Does.Contain("kept the existing"));
    }

    [Test]
    public void Names_the_installed_binary_in_the_unit()
    {
        Install("/opt/lb");

        var unit = File.ReadAllText(At("opt/lb/lib/systemd/system/lb.service"));
        Assert.That(unit, Does.Contain("\nExecStart=/opt/lb/bin/lb run -c /etc/lb/lb.yaml\n").And.Contains("\nExecReload=/opt/lb/bin/lb check -c /etc/lb/lb.yaml\n"));
        Assert.That(unit, Does.Not.Contain("/usr/bin/lb"));
    }

    [TestCase("relative", "PREFIX must be an absolute path")]
    [TestCase("/usr", "is not an executable file", "no-such-binary")]
    public void Refuses_what_cannot_work(string prefix, string complaint, string? binary = null)
    {
        var refused = Command.Run("packaging/install", [binary ?? Binary], ("DESTDIR", _root), ("PREFIX", prefix));

        Assert.That(refused.ExitCode, Is.EqualTo(1));
        Assert.That(refused.Output, Does.Contain(complaint));
    }

    [TestCase("lb.service")]
    [TestCase("lb.socket")]
    public void Systemd_verifies_the_units_without_a_word(string unit)
    {
        Install("/usr");
        foreach (var name in new[] { "lb.service", "lb.socket" })
        {
            File.WriteAllText(At(name), WorkTree.Read($"packaging/{name}").Replace("=/usr/bin/lb ", $"={At("usr/bin/lb")} ", StringComparison.Ordinal));
        }

        var verdict = Command.Run("systemd-analyze", ["verify", At(unit)]);

        Assert.That(verdict.ExitCode, Is.Zero, verdict.Output);
        Assert.That(verdict.Output.Split('\n').Where(line => line.Contains("lb.", StringComparison.Ordinal)), Is.Empty);
    }

    [Test]
    public void Systemd_finds_no_more_exposure_than_the_operations_guide_says()
    {
        var report = Command.Run("systemd-analyze", ["security", "--offline=true", "--no-pager", Path.Combine(WorkTree.Root, "packaging/lb.service")]);

        var measured = Number(report.Output, @"Overall exposure level for lb\.service: ([\d.]+)");
        var stated = Number(WorkTree.Read("docs/operations.md"), @"exposure level of ([\d.]+)");
        Assert.That(measured, Is.LessThanOrEqualTo(stated), report.Output);
        Assert.That(stated - measured, Is.LessThan(0.5), "the guide says more than there is");
    }

    [Test]
    public void Systemd_waits_longer_than_the_daemon_drains()
    {
        var defaults = new ShutdownOptions();

        Assert.That(Number(WorkTree.Read("packaging/lb.service"), @"TimeoutStopSec=(\d+)s"), Is.GreaterThan((defaults.UnreadyFor + defaults.Drain).TotalSeconds + 10));
    }

    [Test]
    public void Systemd_gives_descriptors_for_what_the_listeners_accept() =>
        Assert.That(Number(WorkTree.Read("packaging/lb.service"), @"LimitNOFILE=(\d+)"),
            Is.GreaterThan(10 * 2 * new ListenerOptions { Tcp = new("any") }.MaxConnections));

    private string Binary => At("built");

    private static double Number(string text, string pattern)
    {
        var found = Regex.Match(text, pattern);
        Assert.That(found.Success, Is.True, $"nothing like {pattern} in: {text}");
        return double.Parse(found.Groups[1].Value, CultureInfo.InvariantCulture);
    }

    private string At(string path) => Path.Combine(_root, path);

    private string Mode(string path) => Convert.ToString((int)File.GetUnixFileMode(At(path)), 8);

    private Command Install(string prefix)
    {
        var done = Command.Run("packaging/install", [Binary], ("DESTDIR", _root), ("PREFIX", prefix));
        Assert.That(done.ExitCode, Is.Zero, done.Output);
        return done;
    }
}
