using System.Text;
using System.Text.Json;
using CommandLine;
using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Daemon.Explaining;
using LoadBalancer.Http.Explaining;

namespace LoadBalancer.Daemon.Cli;

/// <summary>Says what would be done with a request, and why: on the file, or with what the lb that runs knows.</summary>
[Verb("explain", HelpText = "Say what would be done with a request, and why: which route, each policy's verdict, which endpoint, what it would be sent. Nothing is sent. Exit 3 where it would be refused.")]
internal sealed class ExplainVerb : Verb
{
    private const int MostToken = 64 * 1024;

    /// <summary>Where it goes.</summary>
    [Value(0, MetaName = "URL", Required = true, HelpText = "The URL, as https://api.example.com/users/7.")]
    public string Url { get; set; } = "";

    /// <summary>The file.</summary>
    [Option('c', "config", MetaValue = "FILE", HelpText = $"The configuration. (Default: {GatewayFile.DefaultPath})")]
    public string? Config { get; set; }

    /// <summary>The method.</summary>
    [Option('X', "method", MetaValue = "METHOD", HelpText = "The method. (Default: GET)")]
    public string? Method { get; set; }

    /// <summary>The header fields, a line each: see <see cref="Gather"/>.</summary>
    [Option('H', "header", MetaValue = "'NAME: VALUE'", HelpText = "A header field; again for each.")]
    public string? Headers { get; set; }

    /// <summary>The client's address.</summary>
    [Option("client", MetaValue = "ADDRESS", HelpText = "The address that connects: the client's, or that of the proxy before lb. (Default: 192.0.2.1, which is nobody's)")]
    public string? Client { get; set; }

    /// <summary>The listener.</summary>
    [Option("listener", MetaValue = "NAME", HelpText = "The listener that it comes to. (Default: the one that speaks the URL's scheme on its port)")]
    public string? Listener { get; set; }

    /// <summary>A file with a token.</summary>
    [Option("token-file", MetaValue = "FILE", HelpText = "A file with a bearer token, sent as Authorization; - reads it from stdin. It is not shown.")]
    public string? TokenFile { get; set; }

    /// <summary>A token.</summary>
    [Option("token", MetaValue = "TOKEN", HelpText = "The bearer token itself: others on this machine can read it from the command line, and --token-file they cannot.")]
    public string? Token { get; set; }

    /// <summary>Who calls, in place of finding it out.</summary>
    [Option("identity", MetaValue = "CLAIMS", HelpText = "Who calls, where that is not to be found out: sub=alice,roles=a,b,plan=pro. Offline only.")]
    public string? Identity { get; set; }

    /// <summary>The name of TLS.</summary>
    [Option("server-name", MetaValue = "HOST", HelpText = "The name that TLS is asked for. (Default: the URL's host)")]
    public string? ServerName { get; set; }

    /// <summary>The client's certificate.</summary>
    [Option("client-cert", MetaValue = "FILE", HelpText = "The certificate that the client shows, in PEM; it is taken as verified.")]
    public string? ClientCertificate { get; set; }

    /// <summary>True where providers may ask the network.</summary>
    [Option("fetch", HelpText = "Let providers load what they need over the network, such as an issuer's keys. Offline only.")]
    public bool Fetch { get; set; }

    /// <summary>True for the lb that runs.</summary>
    [Option("live", HelpText = "Ask the lb that runs, with its health, limits and breakers.")]
    public bool Live { get; set; }

    /// <summary>Where to ask instead.</summary>
    [Option("admin", MetaValue = "ADDRESS", HelpText = "With --live: the admin listener to ask. (Default: admin.bind of the configuration)")]
    public string? Admin { get; set; }

    /// <summary>True for JSON.</summary>
    [Option("json", HelpText = "The explanation as JSON.")]
    public bool Json { get; set; }

    /// <inheritdoc/>
    public override async Task<int> RunAsync(Terminal terminal)
    {
        try
        {
            if (Live && (Fetch || Identity is not null))
            {
                return await FailAsync(terminal, "--fetch and --identity are about the file alone, and not for --live", ExitCode.Usage);
            }

            var question = await AskedAsync();
            var explanation = Live ? await AskAsync(question, terminal) : await ExplainAsync(question, terminal);
            if (explanation is null)
            {
                return ExitCode.Failure;
            }

            await terminal.Out.WriteAsync(Json ? Encoding.UTF8.GetString(ExplainJson.Format(explanation)) + "\n" : new ExplainReport(explanation, terminal.ShowsColours).Print());
            return explanation.Answer.Passes ? ExitCode.Success : ExitCode.Refused;
        }
        catch (QuestionException error)
        {
            return await FailAsync(terminal, error.Message, ExitCode.Usage);
        }
        catch (Exception error) when (error is IOException or AdminUnreachableException or UnauthorizedAccessException)
        {
            return await FailAsync(terminal, error.Message, ExitCode.Failure);
        }
    }

    /// <summary>
    /// The arguments with all header fields in one, a line each. An option that may come again and again takes, with this parser, whatever follows it for one
    /// more, be it the URL.
    /// </summary>
    public static string[] Gather(string[] arguments)
    {
        List<string> fields = [], others = [];
        for (var at = 0; at < arguments.Length; at++)
        {
            var argument = arguments[at];
            if (argument is "-H" or "--header" && at + 1 < arguments.Length)
            {
                fields.Add(arguments[++at]);
            }
            else if (argument.StartsWith("--header=", StringComparison.Ordinal) || (argument.StartsWith("-H", StringComparison.Ordinal) && argument.Length > 2))
            {
                fields.Add(argument[(argument.StartsWith("-H", StringComparison.Ordinal) ? 2 : "--header=".Length)..]);
            }
            else
            {
                others.Add(argument);
            }
        }

        return fields.Count == 0 ? arguments : [.. others, "-H", string.Join('\n', fields)];
    }

    private static async Task<int> FailAsync(Terminal terminal, string message, int code)
    {
        foreach (var line in message.Split('\n'))
        {
            await terminal.Error.WriteLineAsync($"lb: {line}");
        }

        return code;
    }

    private async Task<Question> AskedAsync()
    {
        var token = Token ?? (TokenFile is null ? null : await ReadTokenAsync(TokenFile));
        return new Question
        {
            Method = Method ?? "GET",
            Url = Url,
            Headers = [.. Headers?.Split('\n') ?? [], .. token is null ? (string[])[] : [$"Authorization: Bearer {token}"]],
            Client = Client,
            Listener = Listener,
            ServerName = ServerName,
            ClientCertificate = ClientCertificate is null ? null : await File.ReadAllTextAsync(ClientCertificate),
            Identity = Identity,
        };
    }

    private static async Task<string> ReadTokenAsync(string path)
    {
        var text = path == "-" ? await Console.In.ReadLineAsync() ?? "" : new FileInfo(path) is { Exists: true, Length: > MostToken }
            ? throw new QuestionException($"{path} is too long for a token")
            : await File.ReadAllTextAsync(path);
        return text.Trim();
    }

    private async Task<Explanation?> ExplainAsync(Question question, Terminal terminal)
    {
        var loaded = GatewayFile.Load(Config ?? GatewayFile.DefaultPath, terminal.Environment);
        foreach (var error in loaded.Errors)
        {
            await terminal.Error.WriteLineAsync(error.ToString());
        }

        if (loaded.Options is not { } options)
        {
            return null;
        }

        using var gateway = OfflineGateway.Build(options, TimeProvider.System);
        gateway.Fetches = Fetch;
        return await gateway.ExplainAsync(question);
    }

    private async Task<Explanation?> AskAsync(Question question, Terminal terminal)
    {
        // Before a secret goes anywhere.
        question.ToRequest(null);
        var client = AdminClient.Find(Config ?? GatewayFile.DefaultPath, Admin, terminal.Environment, usual: []);
        var reply = await client.SendAsync(HttpMethod.Post, "/explain", ExplainJson.Format(question));
        if (!reply.Succeeded)
        {
            await FailAsync(terminal, reply.Error, ExitCode.Failure);
            return null;
        }

        try
        {
            return ExplainJson.Read<Explanation>(Encoding.UTF8.GetBytes(reply.Body));
        }
        catch (JsonException)
        {
            throw new IOException("what answers is another version of lb: its explanation cannot be read");
        }
    }
}
