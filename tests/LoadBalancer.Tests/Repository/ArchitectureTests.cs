using System.Reflection;

namespace LoadBalancer.Daemon.Tests.Repository;

/// <summary>The product keeps the manners of the house, and each rule is seen to bite on a sample that breaks it.</summary>
public sealed class ArchitectureTests
{
    private static readonly Assembly Core = typeof(Live<>).Assembly;
    private static readonly Assembly Http = typeof(LoadBalancer.Http.Server.Exchange).Assembly;

    [Test]
    public void The_product_imports_only_what_the_table_allows() =>
        Assert.That(WorkTree.Sources.SelectMany(file => ArchitectureRules.Imports(file, WorkTree.Sources)), Is.Empty);

    [Test]
    public void Policies_do_not_use_each_other() => Holds(ArchitectureRules.PoliciesApart);

    [Test]
    public void A_namespace_is_its_folder() => Holds(ArchitectureRules.Namespaces);

    [Test]
    public void A_file_holds_one_type_and_is_called_as_it_is() => Holds(ArchitectureRules.OneType);

    [Test]
    public void Type_names_are_nouns_of_the_field() => Holds(ArchitectureRules.TypeNames);

    [Test]
    public void A_long_file_opens_with_its_reason() => Holds(ArchitectureRules.Length);

    [Test]
    public void The_hot_path_takes_no_lock() => Holds(ArchitectureRules.HotPathLocks);

    [Test]
    public void Nothing_is_left_unfinished() => Holds(ArchitectureRules.Unfinished);

    [Test]
    public void The_hot_path_calls_no_linq()
    {
        Holds(ArchitectureRules.HotPathLinq);
        Assert.That(ArchitectureRules.HotPathLinqCalls(CompiledMethods.Of(Core), WorkTree.Sources), Is.Empty);
        Assert.That(ArchitectureRules.HotPathLinqCalls(CompiledMethods.Of(Http), WorkTree.Sources), Is.Empty);
    }

    [Test]
    public void Core_references_nothing_of_http() =>
        Assert.That(ArchitectureRules.HttpReferences(Core.GetReferencedAssemblies().Select(name => name.Name!)), Is.Empty);

    [Test]
    public void The_rules_read_the_whole_product()
    {
        Assert.That(WorkTree.Sources, Has.Count.GreaterThan(20));
        Assert.That(WorkTree.Sources.Select(ProjectRules.For), Has.None.Null);
        Assert.That(CompiledMethods.Of(Core), Is.Not.Empty);
        Assert.That(CompiledMethods.Of(Http), Is.Not.Empty);
    }

    [Test]
    public void The_table_has_no_cycle()
    {
        foreach (var project in ProjectRules.All)
        {
            var order = new HashSet<string>(project.Everyone);
            while (project.Folders.FirstOrDefault(row => !order.Contains(row.Folder) && row.MayImport.All(edge => order.Contains(edge.Folder))) is { } next)
            {
                order.Add(next.Folder);
            }

            Assert.That(project.Folders.Select(row => row.Folder).Except(order), Is.Empty, $"{project.Path}: these wait for each other");
        }
    }

    [Test]
    public void Every_edge_of_the_table_has_a_reason() =>
        Assert.That(ProjectRules.All.SelectMany(project => project.Folders).SelectMany(row => row.MayImport).Select(edge => edge.Reason), Has.All.Length.GreaterThan(10));

    [TestCase("Balancing/Ring.cs", "using LoadBalancer.Endpoints;\nnamespace LoadBalancer.Balancing;\n", null)]
    [TestCase("Balancing/Ring.cs", "using LoadBalancer.Faults;\nnamespace LoadBalancer.Balancing;\n", null)]
    [TestCase("Balancing/Ring.cs", "using System.Text.RegularExpressions;\nnamespace LoadBalancer.Balancing;\n", null)]
    [TestCase("Transport/Epoll/Loop.cs", "using LoadBalancer.Transport.Pipes;\nnamespace LoadBalancer.Transport.Epoll;\n", null)]
    [TestCase("Balancing/Ring.cs", "// as in LoadBalancer.Tcp.Relay\nnamespace LoadBalancer.Balancing;\n", null)]
    [TestCase("Balancing/Ring.cs", "using LoadBalancer.Tcp;\nnamespace LoadBalancer.Balancing;\n", "Balancing may not import Tcp")]
    [TestCase("Balancing/Ring.cs", "using Relay = LoadBalancer.Tcp.Relay;\nnamespace LoadBalancer.Balancing;\n", "Balancing may not import Tcp")]
    [TestCase("Balancing/Ring.cs", "using static LoadBalancer.Tcp.Relay;\nnamespace LoadBalancer.Balancing;\n", "Balancing may not import Tcp")]
    [TestCase("Balancing/Ring.cs", "namespace LoadBalancer.Balancing;\nclass Ring { LoadBalancer.Tcp.Relay? r; }\n", "Balancing may not import Tcp")]
    [TestCase("Balancing/Ring.cs", "namespace LoadBalancer.Balancing;\nclass Ring { Tcp.Relay? r; }\n", "Balancing may not import Tcp")]
    [TestCase("Faults/Fault.cs", "using LoadBalancer.Endpoints;\nnamespace LoadBalancer.Faults;\n", "Faults may not import Endpoints")]
    [TestCase("Live.cs", "using LoadBalancer.Upstreams;\nnamespace LoadBalancer;\n", "LoadBalancer may not import Upstreams")]
    [TestCase("Tcp/Relay.cs", "using LoadBalancer.Daemon;\nnamespace LoadBalancer.Tcp;\n", "src/LoadBalancer.Core may not know src/LoadBalancer")]
    [TestCase("Health/Probe.cs", "using Microsoft.AspNetCore.Http;\nnamespace LoadBalancer.Health;\n", "Microsoft.AspNetCore.Http belongs to src/LoadBalancer/Admin")]
    [TestCase("Transport/Loop.cs", "using Microsoft.AspNetCore.Connections;\nnamespace LoadBalancer.Transport;\n", null)]
    [TestCase("Caching/Store.cs", "namespace LoadBalancer.Caching;\n", "the folder Caching is not in ProjectRules")]
    [TestCase("Tcp/Usings.cs", "global using LoadBalancer.Endpoints;\n", "a global using hides")]
    public void Imports_in_core_follow_the_table(string file, string text, string? complaint) =>
        Bites($"src/LoadBalancer.Core/{file}", text, complaint, file => ArchitectureRules.Imports(file, [file, Relay]));

    [TestCase("Daemon.cs", "using LoadBalancer.Daemon.Admin;\nusing LoadBalancer.Tcp;\nnamespace LoadBalancer.Daemon;\n", null)]
    [TestCase("Systemd/Notifier.cs", "using LoadBalancer.Daemon.Reloading;\nnamespace LoadBalancer.Daemon.Systemd;\n", "Systemd may not import Reloading")]
    [TestCase("Configuration/Source.cs", "using YamlDotNet.Core;\nnamespace LoadBalancer.Daemon.Configuration;\n", null)]
    [TestCase("Reloading/Reloader.cs", "using YamlDotNet.Core;\nnamespace LoadBalancer.Daemon.Reloading;\n", "YamlDotNet.Core belongs to src/LoadBalancer/Configuration")]
    [TestCase("Program.cs", "using CommandLine;\n", null)]
    [TestCase("Admin/AdminListener.cs", "using Microsoft.AspNetCore.Http;\nnamespace LoadBalancer.Daemon.Admin;\n", null)]
    [TestCase("Metrics/Page.cs", "using Microsoft.AspNetCore.Http;\nnamespace LoadBalancer.Daemon.Metrics;\n", "Microsoft.AspNetCore.Http belongs to src/LoadBalancer/Admin")]
    public void Imports_in_the_daemon_follow_the_table(string file, string text, string? complaint) =>
        Bites($"src/LoadBalancer/{file}", text, complaint, file => ArchitectureRules.Imports(file, [file, Relay]));

    [TestCase("Forwarding/Pool.cs", "using LoadBalancer.Http.Server;\nnamespace LoadBalancer.Http.Forwarding;\n", null)]
    [TestCase("Forwarding/Pool.cs", "using LoadBalancer.Upstreams;\nnamespace LoadBalancer.Http.Forwarding;\n", null)]
    [TestCase("HttpProxyBuilder.cs", "using LoadBalancer.Http.Responses;\nnamespace LoadBalancer.Http;\n", null)]
    [TestCase("Forwarding/Pool.cs", "using LoadBalancer.Http.Policies;\nnamespace LoadBalancer.Http.Forwarding;\n", "Forwarding may not import Policies")]
    [TestCase("Forwarding/Pool.cs", "using LoadBalancer.Http.Responses;\nnamespace LoadBalancer.Http.Forwarding;\n", "Forwarding may not import Responses")]
    [TestCase("Routing/Table.cs", "using LoadBalancer.Daemon.Configuration;\nnamespace LoadBalancer.Http.Routing;\n", "src/LoadBalancer.Http may not know src/LoadBalancer")]
    [TestCase("Storing/Store.cs", "namespace LoadBalancer.Http.Storing;\n", "the folder Storing is not in ProjectRules")]
    public void Imports_in_http_follow_the_table(string file, string text, string? complaint) =>
        Bites($"src/LoadBalancer.Http/{file}", text, complaint, file => ArchitectureRules.Imports(file, [file, Relay]));

    [TestCase("using LoadBalancer.Http.Policies;\nnamespace LoadBalancer.Http.Policies.Cors;\n", null)]
    [TestCase("using LoadBalancer.Http.Policies.Cors.Origins;\nnamespace LoadBalancer.Http.Policies.Cors;\n", null)]
    [TestCase("using LoadBalancer.Http.Policies.Jwt;\nnamespace LoadBalancer.Http.Policies.Cors;\n", "the policy Cors uses Jwt")]
    [TestCase("using LoadBalancer.Http.Policies.Jwt;\nnamespace LoadBalancer.Http.Policies;\n", null)]
    public void A_policy_that_uses_another_is_refused(string text, string? complaint) =>
        Bites("src/LoadBalancer.Http/Policies/Cors/CorsPolicy.cs", text, complaint, ArchitectureRules.PoliciesApart);

    [TestCase("namespace LoadBalancer.Tcp.Pumps;\npublic sealed class Pump;\n", null)]
    [TestCase("namespace LoadBalancer.Tcp;\npublic sealed class Pump;\n", "its folder says LoadBalancer.Tcp.Pumps")]
    [TestCase("public sealed class Pump;\n", "declares the namespace (none)")]
    public void Namespaces_follow_folders(string text, string? complaint) =>
        Bites("src/LoadBalancer.Core/Tcp/Pumps/Pump.cs", text, complaint, ArchitectureRules.Namespaces);

    [TestCase("Relay.cs", "namespace X;\npublic sealed class Relay { private enum State { Open } }\n", null)]
    [TestCase("Relay.cs", "namespace X;\npublic readonly record struct Relay<T>(T Value) where T : struct\n{\n}\n", null)]
    [TestCase("Relay.Half.cs", "namespace X;\npublic sealed partial class Relay;\n", null)]
    [TestCase("Relay.cs", "namespace X;\n/// <summary>The class Pump.</summary>\npublic delegate Task Relay(int bytes);\n", null)]
    [TestCase("Relay.cs", "namespace X;\nclass Relay { Action<int> a = delegate (int x) { }; }\n", null)]
    [TestCase("Relay.cs", "namespace X;\npublic sealed class Relay;\npublic sealed class Pump;\n", "Pump belongs in a file of its own")]
    [TestCase("Relay.cs", "namespace X;\npublic sealed class Relay;\ninternal delegate void Pump<T>(T value);\n", "Pump belongs in a file of its own")]
    [TestCase("Relay.cs", "namespace X;\npublic interface IRelay { }\n", "IRelay belongs in a file of its own")]
    [TestCase("Relay.cs", "namespace X;\npublic record struct Pump(int X);\n", "Pump belongs in a file of its own")]
    public void Types_are_found_by_their_file(string file, string text, string? complaint) =>
        Bites($"src/LoadBalancer.Core/Tcp/{file}", text, complaint, ArchitectureRules.OneType);

    [TestCase("class ConnectionTable", null)]
    [TestCase("class Base64Information", null)]
    [TestCase("// Rule zero: the framework's own name.\nclass ConnectionManager", null)]
    [TestCase("class ConnectionManager", "'Manager' in ConnectionManager")]
    [TestCase("static class PipeUtils", "'Utils' in PipeUtils")]
    [TestCase("class Loop { class LoopHelper { } }", "'Helper' in LoopHelper")]
    [TestCase("record EndpointInfo(int X)", "'Info' in EndpointInfo")]
    [TestCase("abstract class BalancerBase", "'Base' in BalancerBase")]
    public void Names_that_say_nothing_are_refused(string declaration, string? complaint) =>
        Bites("src/LoadBalancer.Core/Tcp/Any.cs", declaration + "\n", complaint, ArchitectureRules.TypeNames);

    [TestCase(400, "using System;", null)]
    [TestCase(401, "using System;", "over 400 a file opens with a comment")]
    [TestCase(401, "// One file: the states of one machine, which a reader needs side by side.", null)]
    [TestCase(401, "// Long.", "over 400 a file opens with a comment")]
    public void A_file_over_the_bound_owes_a_reason(int lines, string first, string? complaint) =>
        Bites("src/LoadBalancer.Core/Tcp/Any.cs", first + string.Concat(Enumerable.Repeat("\n", lines)), complaint, ArchitectureRules.Length);

    [TestCase("Tcp", "lock (_gate) { }", "a lock on the hot path")]
    [TestCase("Tcp", "lock(_gate) { }", "a lock on the hot path")]
    [TestCase("Transport/Epoll", "lock (_gate) { }", "a lock on the hot path")]
    [TestCase("Upstreams", "lock (_gate) { }", null)]
    [TestCase("Tcp", "Unlock(_gate); // lock (_gate)", null)]
    [TestCase("../LoadBalancer.Http/Routing", "lock (_gate) { }", "a lock on the hot path")]
    [TestCase("Tcp", "// Rule zero: taken once, when the process ends.\nlock (_gate) { }", null)]
    public void Locks_on_the_hot_path_are_refused(string folder, string text, string? complaint) =>
        Bites($"src/LoadBalancer.Core/{folder}/Any.cs".Replace("LoadBalancer.Core/../", "", StringComparison.Ordinal), text, complaint, ArchitectureRules.HotPathLocks);

    [TestCase("Balancing", "using System.Linq on the hot path")]
    [TestCase("Configuration", null)]
    public void Linq_on_the_hot_path_is_refused_as_an_import(string folder, string? complaint) =>
        Bites($"src/LoadBalancer.Core/{folder}/Any.cs", "using System.Linq;\n", complaint, ArchitectureRules.HotPathLinq);

    [Test]
    public void Linq_on_the_hot_path_is_refused_where_it_runs_and_not_where_it_builds()
    {
        CompiledMethod[] methods = [.. CompiledMethods.Of(typeof(LinqSample).Assembly)
            .Where(method => method.Type == nameof(LinqSample)).Select(method => method with { Namespace = "LoadBalancer.Balancing" })];
        var sample = WorkTree.Read("tests/LoadBalancer.Tests/Repository/LinqSample.cs").Replace(typeof(LinqSample).Namespace!, "LoadBalancer.Balancing", StringComparison.Ordinal);
        var source = new SourceFile("src/LoadBalancer.Core/Balancing/LinqSample.cs", sample);

        string[] refused = [.. ArchitectureRules.HotPathLinqCalls(methods, [source])];

        Assert.That(new LinqSample([1, 2]).Pick(), Is.EqualTo(2));
        Assert.That(new LinqSample([1, 2]).Stop(), Is.EqualTo(3));
        Assert.That(refused, Has.Length.EqualTo(1).And.All.Contains("LinqSample.Pick: calls Enumerable.First on the hot path"));
        Assert.That(ArchitectureRules.HotPathLinqCalls([.. methods.Select(method => method with { Namespace = "LoadBalancer.Upstreams" })], []), Is.Empty);
        Assert.That(
            ArchitectureRules.HotPathLinqCalls([.. methods.Select(method => method with { Namespace = "LoadBalancer.Http.Responses" })], []),
            Has.Some.Contains("LinqSample.Pick: calls Enumerable.First on the hot path"));
        Assert.That(ArchitectureRules.HotPathLinqCalls([.. methods.Select(method => method with { Namespace = "LoadBalancer.Http" })], []), Is.Empty, "the builders of Http");
    }

    [Test]
    public void Http_in_core_is_refused() =>
        Assert.That(
            ArchitectureRules.HttpReferences(["System.IO.Pipelines", "Microsoft.Extensions.Logging", "Microsoft.AspNetCore.Connections.Abstractions", "Microsoft.AspNetCore.Http.Abstractions"]),
            Is.EqualTo(new[] { "Microsoft.AspNetCore.Http.Abstractions" }));

    [TestCase("int x; // TO" + "DO: later")]
    [TestCase("throw new NotImplemented" + "Exception();")]
    public void Unfinished_work_is_refused(string text) =>
        Bites("src/LoadBalancer.Core/Tcp/Any.cs", text, "work left for later", ArchitectureRules.Unfinished);

    private static SourceFile Relay { get; } = new("src/LoadBalancer.Core/Tcp/Relay.cs", "namespace LoadBalancer.Tcp;\nclass Relay;\n");

    private static void Holds(Func<SourceFile, IEnumerable<string>> rule) => Assert.That(WorkTree.Sources.SelectMany(rule), Is.Empty);

    private static void Bites(string path, string text, string? complaint, Func<SourceFile, IEnumerable<string>> rule)
    {
        var complaints = rule(new SourceFile(path, text)).ToArray();
        if (complaint is null)
        {
            Assert.That(complaints, Is.Empty);
        }
        else
        {
            Assert.That(complaints, Has.Length.EqualTo(1).And.One.Contains(complaint).And.One.StartsWith(path));
        }
    }
}
