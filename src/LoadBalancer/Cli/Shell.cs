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

    /// <summary><c>lb 0.1.0 (d5459bdd6e)</c>: the version, and the commit that it was built from where that is known.</summary>
    public static string Version { get; } = ProgramVersion.Commit.Length > 0 ? $"lb {ProgramVersion.Number} ({ProgramVersion.Commit})" : $"lb {ProgramVersion.Number}";

    /// <summary>Runs the verb that <paramref name="arguments"/> name.</summary>
    /// <returns>An <see cref="ExitCode"/>.</returns>
    public async Task<int> RunAsync(string[] arguments)
    {
        using var parser = new Parser(settings =>
        {
            settings.HelpWriter = null;
            settings.CaseSensitive = true;
        });
        arguments = arguments is ["explain", ..] ? ExplainVerb.Gather(arguments) : arguments;
        var result = parser.ParseArguments(arguments, VerbCatalog.All);
        if (result is NotParsed<object> wrong)
        {
            return await ExplainAsync(wrong);
        }

        var verb = (Verb)((Parsed<object>)result).Value;
        if (verb.Rest.FirstOrDefault() is { } left)
        {
            return await RefuseAsync($"{ScalarNode.Quote(left)} was not expected");
        }

        return OptionWithoutValue(verb, arguments) is { } option ? await RefuseAsync($"{option} needs a value") : await verb.RunAsync(terminal);
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

        return await RefuseAsync([.. errors.Select(Sentence)]);
    }

    private async Task<int> RefuseAsync(params string[] sentences)
    {
        foreach (var sentence in sentences)
        {
            await terminal.Error.WriteLineAsync($"lb: {sentence}");
        }

        await terminal.Error.WriteLineAsync("Try 'lb --help'.");
        return ExitCode.Usage;
    }

    // The parser takes an option whose value is missing, or empty as from an unset shell variable, for one that is not there.
    private static string? OptionWithoutValue(Verb verb, string[] arguments)
    {
        var options = verb.GetType().GetProperties().Where(property => property.PropertyType != typeof(bool))
            .Select(property => property.GetCustomAttribute<OptionAttribute>()).OfType<OptionAttribute>()
            .SelectMany(option => new[] { $"-{option.ShortName}", $"--{option.LongName}" }).ToHashSet(StringComparer.Ordinal);
        return arguments.Where((argument, at) => options.Contains(argument) && arguments.ElementAtOrDefault(at + 1) is null or "" or ['-', _, ..])
            .FirstOrDefault();
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

    private static string Sentence(Error error) => error switch
    {
        BadVerbSelectedError bad => $"unknown command {ScalarNode.Quote(bad.Token)}{NearestName.Suggest(bad.Token, Verbs)}",
        NoVerbSelectedError => $"a command is missing: {string.Join(", ", Verbs)}",
        _ => SentenceBuilder.Create().FormatError(error),
    };

    private static IEnumerable<string> Verbs =>
        VerbCatalog.All.Select(type => type.GetCustomAttribute<VerbAttribute>()!).Where(verb => !verb.Hidden).Select(verb => verb.Name);
}
