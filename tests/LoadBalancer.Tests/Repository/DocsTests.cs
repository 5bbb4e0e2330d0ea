using LoadBalancer.Daemon.Cli;

namespace LoadBalancer.Daemon.Tests.Repository;

/// <summary>The documents name only what exists, and each rule is seen to bite on a sample that breaks it.</summary>
public sealed class DocsTests
{
    private static readonly MarkdownFile[] Docs =
        [.. WorkTree.Files.Where(file => file.EndsWith(".md", StringComparison.Ordinal)).Select(Open)];

    /// <summary>What speaks of the present. The changelog and the decisions are records: they keep the names of their day.</summary>
    private static readonly MarkdownFile[] Present =
        [.. Docs.Where(doc => doc.Path != "CHANGELOG.md" && !doc.Path.StartsWith("docs/adr/", StringComparison.Ordinal))];

    /// <summary>What a test cannot run, with the reason. In the commands of pages it succeeds.</summary>
    private static readonly Dictionary<string, string> NotRun = new()
    {
        ["apt-get"] = "installs from the network; .ci/setup installs what the tests need in the same way",
        ["systemctl"] = "there is no service manager; PackagingTests has systemd verify the unit, and ServiceManager plays its part",
        ["docker"] = "there is no daemon of it; ContainerTests reads the Dockerfile, and ContainerScenarios does what it says without it",
        ["grpcurl"] = "no package of Debian; GrpcSampleScenarios makes the same calls",
        ["htpasswd"] = "of apache2-utils, which nothing else needs; HtpasswdTests has hashes that it made",
        ["mkpasswd"] = "of whois, which nothing else needs; HtpasswdTests has hashes that it made",
        ["psql"] = "wants a server; PostgresScenarios has it ask two through the same file",
        ["bench/Peers/run"] = "takes minutes, and wants a quiet machine",
    };

    private static IEnumerable<string> Pages => Present.Where(doc => new PageScript(doc.Path, WorkTree.Read(doc.Path)).Commands.Count > 0).Select(doc => doc.Path);

    private static readonly KnownNames Sample = new(
        ["README.md", "lb.yaml", "docs/life.md", "src/LoadBalancer.Core/Transport/Epoll/EventLoop.cs"],
        [new SourceFile("src/LoadBalancer.Core/Transport/Epoll/EventLoop.cs", "namespace X;\nclass EventLoop { void Post() { } }\n")],
        ["TimeProvider"],
        "X := 1\nrun: build ## Run\n\techo\nbuild:\n");

    /// <summary>Made by the first page that needs it, and left to the others.</summary>
    private PageMachine? _machine;

    [OneTimeTearDown]
    public void End() => _machine?.Dispose();

    [Test]
    public void Paths_in_documents_exist() => Holds(Present, doc => DocRules.Paths(doc, KnownNames.Here));

    [Test]
    public void Types_in_documents_exist() => Holds(Present, doc => DocRules.Types(doc, KnownNames.Here));

    [Test]
    public void Make_targets_in_documents_exist() => Holds(Present, doc => DocRules.Targets(doc, KnownNames.Here));

    [Test]
    public void Links_between_documents_resolve() => Holds(Docs, doc => DocRules.Links(doc, KnownNames.Here, Open));

    /// <summary>
    /// Every command of every page, as it stands there: what lb is asked has to be what it understands, and what it prints, what the page says.
    /// </summary>
    [TestCaseSource(nameof(Pages))]
    public async Task The_commands_of_a_page_do_what_it_says(string page) =>
        Assert.That(await (_machine ??= new PageMachine(NotRun.Keys)).RunAsync(new PageScript(page, WorkTree.Read(page))), Is.Empty);

    [Test]
    public void What_is_not_run_is_a_command_of_some_page()
    {
        var called = Present.Select(doc => new PageScript(doc.Path, WorkTree.Read(doc.Path))).SelectMany(page => page.Commands).SelectMany(command => command.Programs);

        Assert.That(NotRun.Keys.Except(called), Is.Empty);
        Assert.That(NotRun.Values, Has.None.Empty);
    }

    [Test]
    public void Commands_stand_in_fences_that_are_run() => Holds(Present, doc => DocRules.Fences(doc));

    [Test]
    public void Verbs_and_options_of_lb_in_documents_exist() => Holds(Present, doc => DocRules.Verbs(doc, VerbCatalog.All));

    [Test]
    public void The_documents_name_enough_to_be_worth_checking()
    {
        Assert.That(Present.SelectMany(doc => doc.Spans).Count(), Is.GreaterThan(100));
        Assert.That(Docs.SelectMany(doc => doc.Links).Count(), Is.GreaterThan(10));
    }

    [TestCase("`lb.yaml`", null)]
    [TestCase("`lb.yaml:12:7`", null)]
    [TestCase("`src/`", null)]
    [TestCase("`Transport/Epoll/EventLoop.cs`", null)]
    [TestCase("`EventLoop.cs`", null)]
    [TestCase("`Epoll/EventLoop`", null)]
    [TestCase("`bin/lb`", null)]
    [TestCase("`10.0.0.0/8` `50/s` `/metrics` `/etc/lb/lb.yaml` `text/event-stream` `samples/NAME/lb.yaml` `http://a/b.md`", null)]
    [TestCase("`listeners.web.bind` `tcp: {upstream: x/y.cs}`", null)]
    [TestCase("```\nsrc/Gone.cs\n```", null)]
    [TestCase("`lb.yml`", "`lb.yml` is no file or folder here")]
    [TestCase("`src/LoadBalancer.Core/Relay/`", "is no file or folder here")]
    [TestCase("`docs/Life.md`", "is no file or folder here")]
    [TestCase("``Pump.cs``", "`Pump.cs` is no file or folder here")]
    public void Paths_in_backticks_must_exist(string text, string? complaint) => Bites(text, complaint, doc => DocRules.Paths(doc, Sample));

    [TestCase("`EventLoop`", null)]
    [TestCase("`EventLoop.Post`", null)]
    [TestCase("`EventLoop.Post()`", null)]
    [TestCase("`Epoll.EventLoop`", null)]
    [TestCase("`TimeProvider`", null)]
    [TestCase("`SIGHUP` `LB_CONFIG` `WatchdogSec=` `round_robin` `Content-Type` `Via` `EventLoop.cs` `Not a type`", null)]
    [TestCase("`Keeps_every_place`", "`Keeps_every_place` is no type here")]
    [TestCase("`EventPump`", "`EventPump` is no type here")]
    [TestCase("`Live<T>`", "`Live<T>` is no type here")]
    [TestCase("`EventLoop.Send`", "`EventLoop.Send` is no type here")]
    public void Types_in_backticks_must_exist(string text, string? complaint) => Bites(text, complaint, doc => DocRules.Types(doc, Sample));

    [TestCase("`make run` and ``make build``", null)]
    [TestCase("```\nmake build run\n$ sudo make run DESTDIR=/tmp/x\n```", null)]
    [TestCase("To make it all work.", null)]
    [TestCase("`make all`", "no target all")]
    [TestCase("```sh\n$ make deploy\n```", "no target deploy")]
    [TestCase("```\nmake X=1 deploy && x\n```", "no target deploy")]
    public void Make_targets_must_exist(string text, string? complaint) => Bites(text, complaint, doc => DocRules.Targets(doc, Sample));

    [TestCase("```sh\nlb check\n```", null)]
    [TestCase("```console\n$ lb check\nok\n```", null)]
    [TestCase("```\nlb check -c lb.yaml\n```", "marked neither sh nor console")]
    [TestCase("```yaml\n$ lb check\n```", "marked neither sh nor console")]
    public void Commands_must_stand_in_fences_that_are_run(string text, string? complaint) => Bites(text, complaint, DocRules.Fences);

    [TestCase("`lb check -c lb.yaml` `lb explain -H \"A: b\" --live http://a/ | sed x` `lb drain a/b --wait` `lb keys create … | x`", null)]
    [TestCase("```sh\nlb run -c x   # in front of a and b\n```", null)]
    [TestCase("`lb chek`", "lb has no verb 'chek'")]
    [TestCase("`lb check --strict`", "--strict is no option of it")]
    [TestCase("`lb drain farm 10.0.2.10:8000`", "more arguments than it has")]
    public void Verbs_and_options_of_lb_must_exist(string text, string? complaint) => Bites(text, complaint, doc => DocRules.Verbs(doc, VerbCatalog.All));

    [Test]
    public void A_page_becomes_steps_in_its_order()
    {
        var page = new PageScript("docs/doc.md", """
            <!-- before
            lb run
            -->
            ```yaml
            listeners: {}
            upstreams: {}
            ```
            <!-- file cases.yaml -->
            ```yaml
            config: it's
            ```
            1. So:

               ```sh
               # a comment
               lb check \
                 -c x && sudo make install
               ```
            <!-- exit 3 -->
            ```console
            $ lb explain
            route  7e2b7c1f4f0c4a5d9b3f7e2b7c1f4f0c
            $ lb why
            ```
            """);

        Assert.That(page.ToString(), Is.EqualTo("""
            before 1 'lb run'
            printf %s 'listeners: {}
            upstreams: {}
            ' > 'lb.yaml'
            printf %s 'config: it'\''s
            ' > 'cases.yaml'
            step 16 0 'lb check \
              -c x && sudo make install'
            step 21 0 'lb explain'
            step 23 3 'lb why'

            """));
        Assert.That(page.Commands[0].Programs, Is.EqualTo(new[] { "lb", "make" }));
        Assert.That(page.Commands[1].Missing("a\nroute  00000000000000000000000000000000\n"), Is.Null);
        Assert.That(page.Commands[1].Missing("route\n"), Is.EqualTo("route  7e2b7c1f4f0c4a5d9b3f7e2b7c1f4f0c"));
        Assert.That(page.Commands[2].Printed, Is.Empty);
    }

    [TestCase("[a](../README.md) [b](life.md) [c](../src/) [d](https://x.org/y) [e](#a-heading)", null)]
    [TestCase("[a](other.md#its-heading-two) [b](other.md#twice-1)", null)]
    [TestCase("`[a](gone.md)`", null)]
    [TestCase("[a](gone.md)", "the link gone.md leads nowhere")]
    [TestCase("[a]: gone.md", "the link gone.md leads nowhere")]
    [TestCase("[a](../../etc/passwd)", "leads nowhere")]
    [TestCase("[a](Transport/Epoll)", "leads nowhere")]
    [TestCase("[a](#no-heading)", "has no heading")]
    [TestCase("[a](other.md#gone)", "docs/other.md has no heading")]
    public void Links_must_resolve(string text, string? complaint)
    {
        var names = new KnownNames(["README.md", "docs/doc.md", "docs/life.md", "docs/other.md", "src/Transport/Epoll/Loop.cs"], [], [], "");
        var other = new MarkdownFile("docs/other.md", "# Its heading, `two`\n## Twice\n## Twice\n");
        Bites(text + "\n\n## A heading", complaint, doc => DocRules.Links(doc, names, _ => other));
    }

    private static MarkdownFile Open(string path) => new(path, WorkTree.Read(path));

    private static void Holds(IEnumerable<MarkdownFile> docs, Func<MarkdownFile, IEnumerable<string>> rule) => Assert.That(docs.SelectMany(rule), Is.Empty);

    private static void Bites(string text, string? complaint, Func<MarkdownFile, IEnumerable<string>> rule)
    {
        var complaints = rule(new MarkdownFile("docs/doc.md", text)).ToArray();
        if (complaint is null)
        {
            Assert.That(complaints, Is.Empty);
        }
        else
        {
            Assert.That(complaints, Has.Length.EqualTo(1).And.One.Contains(complaint).And.One.StartsWith("docs/doc.md:"));
        }
    }
}
