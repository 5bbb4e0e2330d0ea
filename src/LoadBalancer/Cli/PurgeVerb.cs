using System.Globalization;
using CommandLine;

namespace LoadBalancer.Daemon.Cli;

/// <summary>Gives up answers that are kept.</summary>
[Verb("purge", HelpText = "Give up answers that are kept: of a host, a path, what paths begin with, or with a tag; of several, those of which all are true. They are asked for anew.")]
internal sealed class PurgeVerb : AdminVerb
{
    /// <summary>The host.</summary>
    [Option("host", MetaValue = "HOST", HelpText = "Answers of this host, as clients ask for it. (Default: of any)")]
    public string? Host { get; set; }

    /// <summary>One path.</summary>
    [Option("path", MetaValue = "PATH", HelpText = "Answers of this path, as clients ask for it, whatever the query.")]
    public string? Path { get; set; }

    /// <summary>Many paths.</summary>
    [Option("prefix", MetaValue = "PREFIX", HelpText = "Answers of paths that begin so: /trips/ for all that is below it.")]
    public string? Prefix { get; set; }

    /// <summary>A tag.</summary>
    [Option("tag", MetaValue = "TAG", HelpText = "Answers that their endpoint has given this tag, in the field that the route's cache names.")]
    public string? Tag { get; set; }

    /// <summary>True for everything.</summary>
    [Option("all", HelpText = "Everything.")]
    public bool All { get; set; }

    /// <inheritdoc/>
    protected override async Task<int> AskAsync(AdminClient client, Terminal terminal)
    {
        (string Name, string? Value)[] asked = [("host", Host), ("path", Path), ("prefix", Prefix), ("tag", Tag), ("all", All ? "true" : null)];
        var query = string.Join('&', asked.Where(each => each.Value is not null).Select(each => $"{each.Name}={Uri.EscapeDataString(each.Value!)}"));
        if (query.Length == 0)
        {
            await FailAsync(terminal, "say what is to be given up: --host, --path, --prefix or --tag, or --all for everything");
            return ExitCode.Usage;
        }

        var reply = await client.SendAsync(HttpMethod.Post, $"/purge?{query}");
        if (!reply.Succeeded || !reply.Json.TryGetProperty("purged", out var purged))
        {
            return await FailAsync(terminal, reply.Error);
        }

        await terminal.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{purged.GetInt64()} given up"));
        return ExitCode.Success;
    }
}
