using System.Reflection;
using CommandLine;
using CommandLine.Text;
using LoadBalancer.Configuration;

namespace LoadBalancer.Daemon.Cli;

/// <summary>Finds the verb of a command line and runs it.</summary>
/// <param name="terminal">Where the verb runs.</param>
internal sealed class Shell(Terminal terminal)
{
    private const int HelpWidth = 100;
    private const int ShortCommit = 10;

    /// <summary><c>lb 0.1.0 (d5459bdd6e)</c>: the version, and the commit that it was built from where that is known.</summary>
    public static string Version { get; } = Describe(typeof(Shell).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion);

    /// <summary>Runs the verb that <paramref name="arguments"/> name.</summary>
    /// <returns>An <see cref="ExitCode"/>.</returns>
    public async Task<int> RunAsync(string[] arguments)
    {
        using var parser = new Parser(settings =>
        {
            settings.HelpWriter = null;
            settings.CaseSensitive = true;
        });
        var result = parser.ParseArguments(arguments, VerbCatalog.All);
        return result is Parsed<object> { Value: IVerb verb } ? await verb.RunAsync(terminal) : await ExplainAsync((NotParsed<object>)result);
    }

    private async Task<int> ExplainAsync(NotParsed<object> result)
    {
        var errors = result.Errors.ToList();
        if (errors.IsVersion())
        {
            await terminal.Out.WriteLineAsync(Version);
            return ExitCode.Success;
        }

        if (errors.IsHelp())
        {
            await terminal.Out.WriteLineAsync(Help(result));
            return ExitCode.Success;
        }

        foreach (var error in errors)
        {
            await terminal.Error.WriteLineAsync($"lb: {Sentence(error)}");
        }

        await terminal.Error.WriteLineAsync("Try 'lb --help'.");
        return ExitCode.Usage;
    }

    private static string Help(NotParsed<object> result) => HelpText.AutoBuild(
        result,
        help =>
        {
            help.Heading = $"{Version}: a load balancer and API gateway";
            help.Copyright = "";
            help.AdditionalNewLineAfterOption = false;
            help.MaximumDisplayWidth = HelpWidth;
            return help;
        },
        example => example,
        verbsIndex: result.TypeInfo.Current == typeof(NullInstance),
        HelpWidth);

    private static string Describe(string version) => version.Split('+') switch
    {
        [var number, { Length: >= ShortCommit } commit] => $"lb {number} ({commit[..ShortCommit]})",
        [var number, ..] => $"lb {number}",
        _ => "lb",
    };

    private static string Sentence(Error error) => error switch
    {
        BadVerbSelectedError bad => $"unknown command {ScalarNode.Quote(bad.Token)}{NearestName.Suggest(bad.Token, Verbs)}",
        NoVerbSelectedError => $"a command is missing: {string.Join(", ", Verbs)}",
        _ => SentenceBuilder.Create().FormatError(error),
    };

    private static IEnumerable<string> Verbs =>
        VerbCatalog.All.Select(type => type.GetCustomAttribute<VerbAttribute>()!).Where(verb => !verb.Hidden).Select(verb => verb.Name);
}
