using System.Runtime.Versioning;
using System.Text;
using LoadBalancer.Daemon.State;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.State;

[SupportedOSPlatform("linux")]
internal sealed class StateFolderTests
{
    private readonly ManualTime _time = new();
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Make() => _folder = new TemporaryFolder();

    [TearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public void A_file_is_replaced_whole_and_found_by_the_next_owner()
    {
        using (var state = Open())
        {
            Assert.That(state.Read("x"), Is.Null);
            state.Write("x", "one"u8.ToArray());
            state.Write("x", "2"u8.ToArray());
        }

        using var next = Open();
        Assert.That(Encoding.UTF8.GetString(next.Read("x")!), Is.EqualTo("2"));
        Assert.That(Directory.GetFiles(_folder["state"]).Select(Path.GetFileName), Is.EquivalentTo(new[] { "lock", "pid", "x" }), "nothing half-written is left");
    }

    [Test]
    public void A_second_owner_is_refused_by_the_name_of_the_first()
    {
        using var first = Open();
        var error = Assert.Throws<IOException>(() => Open().Dispose());
        Assert.That(error!.Message, Is.EqualTo($"state.dir: {_folder["state"]} is in use by another lb (pid {Environment.ProcessId}); each lb needs a folder of its own"));
    }

    [Test]
    public void It_is_for_lb_and_for_its_group_to_read()
    {
        using var state = Open();
        state.Write("x", []);
        Assert.That(File.GetUnixFileMode(_folder["state"]) & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute | UnixFileMode.GroupWrite), Is.EqualTo(UnixFileMode.None));
        Assert.That(File.GetUnixFileMode(Path.Combine(state.Path, "x")) & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead), Is.EqualTo(UnixFileMode.None));
    }

    [Test]
    public void What_is_no_folder_is_an_error_that_says_so()
    {
        File.WriteAllText(_folder["state"], "");
        Assert.That(() => Open(), Throws.InstanceOf<IOException>().With.Message.StartsWith($"state.dir: {_folder["state"]} cannot be used: "));
    }

    [Test]
    public void What_is_set_aside_is_kept_under_another_name()
    {
        using var state = Open();
        state.Write("x", "nonsense"u8.ToArray());
        state.SetAside("x", "for a test");
        Assert.That(state.Read("x"), Is.Null);
        Assert.That(File.ReadAllText(Directory.GetFiles(state.Path, "x.bad-*Z").Single()), Is.EqualTo("nonsense"));
    }

    private StateFolder Open() => StateFolder.Open(_folder["state"], _time, LogSink.Silent);
}
