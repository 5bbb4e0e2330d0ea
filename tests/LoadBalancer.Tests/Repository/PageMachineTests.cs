namespace LoadBalancer.Daemon.Tests.Repository;

/// <summary>The machine that pages get: it is never the one that the tests run on, and one page says nothing about the next.</summary>
public sealed class PageMachineTests
{
    /// <summary>What the machine would replace cannot be written to: where it is not stopped, as these tests want, nothing comes to harm. Its folder can.</summary>
    private const string Safe = """
        mount --bind "$0" "$0"
        for folder in /etc /var/lib /var/log /run; do
          mount --rbind "$folder" "$folder"
          mount -o remount,bind,ro "$folder"
        done

        """;

    private PageMachine _machine = null!;

    [SetUp]
    public void Begin() => _machine = new PageMachine([]);

    [TearDown]
    public void End() => _machine.Dispose();

    [Test]
    public void It_begins_where_all_of_it_can_be_made() => Assert.That(_machine.Begin(PageMachine.Spaces, Safe), Is.EqualTo(new Command(0, "")));

    [TestCase("--rbind /etc ")]
    [TestCase("remount,bind,ro ")]
    [TestCase("-t tmpfs sandbox /etc")]
    [TestCase("-t tmpfs sandbox /var/lib")]
    [TestCase("-t tmpfs sandbox /var/log")]
    [TestCase("-t tmpfs sandbox /run")]
    public void It_ends_where_a_mount_is_refused(string mount) =>
        Assert.That(_machine.Begin(PageMachine.Spaces, Safe + WithMount(mount, 32)), Is.EqualTo(new Command(32, "")));

    [Test]
    public void It_ends_where_a_mount_does_nothing() =>
        Assert.That(_machine.Begin(PageMachine.Spaces, Safe + WithMount("-t tmpfs sandbox /etc", 0)), Is.EqualTo(new Command(1, "sandbox: /etc is not new\n")));

    [Test]
    public void It_does_not_begin_in_the_mounts_of_the_machine_around_it() =>
        Assert.That(_machine.Begin(PageMachine.Spaces, Safe + "outside=$(readlink /proc/self/ns/mnt)"), Is.EqualTo(new Command(2, "sandbox: not in namespaces of its own\n")));

    [Test]
    public void It_does_not_begin_among_the_processes_of_the_machine_around_it() =>
        Assert.That(_machine.Begin(["--mount", "--net"], Safe), Is.EqualTo(new Command(2, "sandbox: not in namespaces of its own\n")));

    [Test]
    public async Task A_page_that_does_not_end_leaves_the_next_one_a_machine_of_its_own()
    {
        var endless = await _machine.RunAsync(Page("```sh\nsleep infinity\n```"), TimeSpan.FromSeconds(1));

        Assert.That(endless, Does.StartWith("docs/page.md: nothing within 00:00:01"));
        Assert.That(await _machine.RunAsync(Page("```sh\ntrue\n```")), Is.Empty);
    }

    [Test]
    public async Task A_machine_that_cannot_begin_says_why()
    {
        using var machine = new PageMachine(["no name"]);

        Assert.That(await machine.RunAsync(Page("```sh\ntrue\n```")), Does.StartWith("docs/page.md: the machine ended with ").And.Contain("sandbox: eval"));
    }

    [TestCase("```sh\nfalse\n```", "line 5: false: exit 1")]
    [TestCase("```console\n$ echo a; exit_with 3\na\n```", "line 5: echo a; exit_with 3: exit 3")]
    [TestCase("<!-- exit 3 -->\n```console\n$ echo a; exit_with 3\na\n```", null)]
    [TestCase("<!-- exit 3 -->\n```console\n$ echo a\na\n```", "line 6: echo a: exit 0")]
    [TestCase("```console\n$ echo a\nb\n```", "does not print, or not there:\nb\n")]
    public async Task A_command_ends_and_prints_as_its_page_says(string text, string? complaint)
    {
        var said = await _machine.RunAsync(Page("<!-- before\nexit_with() { return $1; }\n-->\n" + text));

        Assert.That(said, complaint is null ? Is.Empty : Does.Contain(complaint));
    }

    private static PageScript Page(string text) => new("docs/page.md", text);

    /// <summary>A mount that ends with a code, and does nothing, where its arguments have some text.</summary>
    private static string WithMount(string text, int code) => $$"""
        mkdir "$0/bin"
        cat > "$0/bin/mount" <<'PROGRAM'
        #!/bin/sh
        case "$*" in *'{{text}}'*) exit {{code}} ;; esac
        PATH=${PATH#*:} exec mount "$@"
        PROGRAM
        chmod +x "$0/bin/mount"
        PATH=$0/bin:$PATH
        """;
}
