using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using CommandLine;
using LoadBalancer.Daemon.Testing;

namespace LoadBalancer.Daemon.Cli;

/// <summary>Puts expectations to a configuration.</summary>
[Verb("test", HelpText = "Test a configuration: requests and what becomes of them, and assertions about all requests. Exit 1 where one is not as expected.")]
internal sealed class TestVerb : Verb
{
    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
    };

    /// <summary>The expectations.</summary>
    [Value(0, MetaName = "TESTS", Required = true, HelpText = "The file of expectations; docs/testing.md has its language.")]
    public string Tests { get; set; } = "";

    /// <summary>The file.</summary>
    [Option('c', "config", MetaValue = "FILE", HelpText = "The configuration. (Default: what the file of expectations names)")]
    public string? Config { get; set; }

    /// <summary>True where a route that no request reaches is a failure.</summary>
    [Option("every-route", HelpText = "Exit 1 also where a route is reached by no request of the tests.")]
    public bool EveryRoute { get; set; }

    /// <summary>True for JSON.</summary>
    [Option("json", HelpText = "The outcomes as JSON.")]
    public bool Json { get; set; }

    /// <inheritdoc/>
    public override async Task<int> RunAsync(Terminal terminal)
    {
        if (TestFile.Load(Tests, terminal.Environment, out var errors) is not { } file)
        {
            foreach (var error in errors)
            {
                await terminal.Error.WriteLineAsync(error);
            }

            return ExitCode.Usage;
        }

        var config = Config ?? (file.Config is { } named ? Path.Combine(Path.GetDirectoryName(Path.GetFullPath(Tests))!, named) : null);
        if (config is null)
        {
            await terminal.Error.WriteLineAsync($"{Tests}: it names no configuration: add 'config: lb.yaml', or say -c FILE");
            return ExitCode.Usage;
        }

        using var gateway = await OfflineFile.OpenAsync(config, terminal);
        if (gateway is null)
        {
            return ExitCode.Failure;
        }

        var run = await TestRun.Of(file, gateway);
        await terminal.Out.WriteAsync(Json ? JsonSerializer.Serialize(run, Format) + "\n" : Text(run));
        return run.Outcomes.All(outcome => outcome.Passed) && !(EveryRoute && run.Unreached.Count > 0) ? ExitCode.Success : ExitCode.Failure;
    }

    private static string Text(TestRun run)
    {
        var text = new StringBuilder();
        foreach (var outcome in run.Outcomes)
        {
            text.Append(outcome.Passed ? "ok      " : "FAILED  ").Append(outcome.Name).Append('\n');
            foreach (var failure in outcome.Failures)
            {
                text.Append("        ").Append(failure).Append('\n');
            }
        }

        if (run.Unreached.Count > 0)
        {
            text.Append("routes that no request of the tests reaches:\n");
            foreach (var route in run.Unreached)
            {
                text.Append("        ").Append(route).Append('\n');
            }
        }

        var passed = run.Outcomes.Count(outcome => outcome.Passed);
        return text.Append(FormattableString.Invariant($"{passed} passed, {run.Outcomes.Count - passed} failed\n")).ToString();
    }
}
