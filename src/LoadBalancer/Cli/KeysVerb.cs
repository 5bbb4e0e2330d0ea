using System.Globalization;
using System.Text;
using CommandLine;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Values;
using LoadBalancer.Http.Authentication.ApiKeys;

namespace LoadBalancer.Daemon.Cli;

/// <summary>Makes, lists, rotates and revokes the keys of a key file.</summary>
[Verb("keys", HelpText = "Make, list, rotate and revoke API keys in a key file: create, list, rotate ID, revoke ID. The file has the SHA-256 of each key; the key itself is shown once, when it is made.")]
internal sealed class KeysVerb : Verb
{
    private static readonly DurationKind Durations = new("1s", "3650d");
    private static readonly TimestampKind Times = new();

    /// <summary>What to do.</summary>
    [Value(0, MetaName = "create|list|rotate|revoke", Required = true, HelpText = "What to do.")]
    public string Action { get; set; } = "";

    /// <summary>Which key.</summary>
    [Value(1, MetaName = "ID", HelpText = "The key that is rotated or revoked.")]
    public string? Key { get; set; }

    /// <summary>The file.</summary>
    [Option('f', "file", MetaValue = "FILE", Required = true, HelpText = "The key file, the 'file' of an 'api_key' in lb.yaml. create makes it where it is missing.")]
    public string Path { get; set; } = "";

    /// <summary>The id of a new key.</summary>
    [Option("id", MetaValue = "ID", HelpText = "The id of the new key. (Default: one by chance)")]
    public string? Id { get; set; }

    /// <summary>Whose key it is.</summary>
    [Option("consumer", MetaValue = "NAME", HelpText = "Whose key it is: an entry of 'consumers' in lb.yaml.")]
    public string? Consumer { get; set; }

    /// <summary>Whose key it is, where that is no consumer.</summary>
    [Option("subject", MetaValue = "NAME", HelpText = "Whose key it is, where that is no entry of 'consumers'.")]
    public string? Subject { get; set; }

    /// <summary>The plan.</summary>
    [Option("plan", MetaValue = "NAME", HelpText = "The key's plan. (Default: the consumer's)")]
    public string? Plan { get; set; }

    /// <summary>The roles.</summary>
    [Option("roles", MetaValue = "A,B", HelpText = "The key's roles. (Default: the consumer's)")]
    public string? Roles { get; set; }

    /// <summary>The scopes.</summary>
    [Option("scopes", MetaValue = "A,B", HelpText = "The key's scopes. (Default: the consumer's)")]
    public string? Scopes { get; set; }

    /// <summary>When it ends.</summary>
    [Option("expires", MetaValue = "TIME", HelpText = "When the new key ends: after 90d, at 2027-01-31T12:00:00Z, or never. (Default: never)")]
    public string? Expires { get; set; }

    /// <summary>How long the old one is good beside the new one.</summary>
    [Option("overlap", MetaValue = "DURATION", Default = "24h", HelpText = "How long a key that is rotated is good beside the new one.")]
    public string Overlap { get; set; } = "24h";

    /// <summary>The clock.</summary>
    internal TimeProvider Time { get; set; } = TimeProvider.System;

    // Files have seconds.
    private DateTimeOffset Now => DateTimeOffset.FromUnixTimeSeconds(Time.GetUtcNow().ToUnixTimeSeconds());

    /// <inheritdoc/>
    public override async Task<int> RunAsync(Terminal terminal)
    {
        try
        {
            return Action switch
            {
                "create" or "list" when Key is not null => await FailAsync(terminal, $"{ScalarNode.Quote(Key)} was not expected{(Action == "create" ? "; the id of a new key is --id" : "")}"),
                "rotate" or "revoke" when Key is null => await FailAsync(terminal, $"which key? lb keys {Action} ID --file {Path}; lb keys list shows the ids"),
                "create" => await CreateAsync(terminal),
                "list" => await ListAsync(terminal),
                "rotate" => await RotateAsync(terminal),
                "revoke" => await RevokeAsync(terminal),
                _ => await FailAsync(terminal, $"unknown action {ScalarNode.Quote(Action)}{NearestName.Suggest(Action, ["create", "list", "rotate", "revoke"])}; there are create, list, rotate and revoke"),
            };
        }
        catch (Exception error) when (error is IOException or InvalidDataException)
        {
            return await FailAsync(terminal, error.Message);
        }
    }

    private async Task<int> CreateAsync(Terminal terminal)
    {
        using var target = new ReplacedFile(Path);
        var file = File.Exists(target.Path) ? Read() : KeyFileText.Parse(Path, "", out _)!;
        var id = Id ?? NewId(file);
        if (file.Find(id) is not null)
        {
            return await FailAsync(terminal, $"a key is called {ScalarNode.Quote(id)} already");
        }

        var secret = ApiKeyText.NewKey(id);
        return await SaveAsync(terminal, target, file.With(Described(id, null) with { Hash = ApiKeyText.HashOf(secret) }), secret, $"the key {id} is shown once: {Path} has its hash only{Declared()}");
    }

    private async Task<int> ListAsync(Terminal terminal)
    {
        var table = new TextTable("ID", "FOR", "PLAN", "ROLES", "SCOPES", "EXPIRES", "STATE");
        foreach (var key in Read().Keys)
        {
            table.Add(
                key.Id, key.Consumer ?? key.Subject ?? key.Id, key.Plan ?? "-", Joined(key.Roles), Joined(key.Scopes), key.Expires is { } time ? Times.Print(time)! : "never",
                key.Revoked ? "revoked" : key.Expires <= Now ? "expired" : "valid");
        }

        await terminal.Out.WriteAsync(table.Print());
        return ExitCode.Success;
    }

    private async Task<int> RotateAsync(Terminal terminal)
    {
        if (!Durations.TryParse(Overlap, out var overlap) && Overlap != "0s")
        {
            return await FailAsync(terminal, $"--overlap expects {Durations.Expected}, or 0s, not {ScalarNode.Quote(Overlap)}");
        }

        using var target = new ReplacedFile(Path);
        var file = Read();
        var old = Known(file);
        if (old.Revoked || old.Expires <= Now)
        {
            return await FailAsync(terminal, $"the key {old.Id} is {(old.Revoked ? "revoked" : "expired")}: make a new one by lb keys create");
        }

        if (old.Expires is { } end && Expires is null)
        {
            return await FailAsync(terminal, $"the key {old.Id} ends at {Times.Print(end)}: say when the new one does, by --expires 90d or --expires never");
        }

        var id = Id ?? NewId(file);
        if (file.Find(id) is not null)
        {
            return await FailAsync(terminal, $"a key is called {ScalarNode.Quote(id)} already");
        }

        var secret = ApiKeyText.NewKey(id);
        var until = old.Expires < Now + overlap ? old.Expires.Value : Now + overlap;
        var next = file.Changed(old with { Expires = until }).With(Described(id, old) with { Hash = ApiKeyText.HashOf(secret) });
        return await SaveAsync(terminal, target, next, secret, $"the key {id} is shown once, and {old.Id} is good until {Times.Print(until)}");
    }

    private async Task<int> RevokeAsync(Terminal terminal)
    {
        using var target = new ReplacedFile(Path);
        var file = Read();
        var key = Known(file);
        return key.Revoked
            ? await FailAsync(terminal, $"the key {key.Id} is revoked already")
            : await SaveAsync(terminal, target, file.Changed(key with { Revoked = true }), null, $"the key {key.Id} is revoked: an lb that watches its files refuses it from now on");
    }

    private KeyFileText Read()
    {
        var text = TextFile.Read(Path, ApiKeyFile.MostBytes, out var fault) ?? throw new InvalidDataException($"cannot read {ScalarNode.Clean(Path)}: {fault}");
        return KeyFileText.Parse(Path, text, out var errors) ?? throw new InvalidDataException(string.Join('\n', errors));
    }

    private ApiKeyRecord Known(KeyFileText file) => file.Find(Key!)
        ?? throw new InvalidDataException($"no key is called {ScalarNode.Quote(Key!)} in {Path}{NearestName.Suggest(Key!, file.Keys.Select(key => key.Id))}");

    /// <summary>What the options say of a new key, over what it takes the place of; by the rules of the file.</summary>
    private ApiKeyRecord Described(string id, ApiKeyRecord? old)
    {
        var start = (old ?? new ApiKeyRecord(id)) with { Id = id, Expires = EndOf(), Revoked = false };
        if (Consumer is not null && Subject is not null)
        {
            throw new InvalidDataException("a key has either --consumer or --subject");
        }

        if (Consumer is not null || Subject is not null)
        {
            start = start with { Consumer = null, Subject = null };
        }

        var entries = new List<MapEntry>();
        Say("id", id);
        Say("consumer", Consumer);
        Say("subject", Subject);
        Say("plan", Plan);
        SayList("roles", Roles);
        SayList("scopes", Scopes);
        var reader = new ConfigReader();
        var place = SourceSpan.Whole("");
        entries.Add(new MapEntry("hash", place, new ScalarNode(place, "hash", default(Http.Authentication.KeyHash).ToString())));
        var key = ApiKeyRecord.Shape.Read(new MapNode(place, "", entries), start, reader);
        return reader.Errors.Count == 0 ? key : throw new InvalidDataException(string.Join('\n', reader.Errors.Select(error => error.Message)));

        void Say(string name, string? value)
        {
            if (value is not null)
            {
                entries.Add(new MapEntry(name, SourceSpan.Whole(""), Text(name, value)));
            }
        }

        void SayList(string name, string? values)
        {
            if (values is not null)
            {
                var place = SourceSpan.Whole("");
                entries.Add(new MapEntry(name, place, new ListNode(place, $"--{name}", [.. values.Split(',', StringSplitOptions.TrimEntries).Select(value => Text(name, value))])));
            }
        }

        static ScalarNode Text(string name, string value) => new(SourceSpan.Whole(""), $"--{name}", value, quoted: true);
    }

    private DateTimeOffset? EndOf()
    {
        if (Expires is null or "never")
        {
            return null;
        }

        var end = Durations.TryParse(Expires, out var after) ? Now + after
            : Times.TryParse(Expires, out var time) ? time
            : throw new InvalidDataException($"--expires expects a duration such as 90d, {Times.Expected}, or never, not {ScalarNode.Quote(Expires)}{(Times.Advice(Expires) is { } advice ? $"; {advice}" : "")}");
        return end > Now ? end : throw new InvalidDataException($"--expires {Expires} is in the past");
    }

    private string Declared() => Consumer is null ? "" : $"; lb takes it where its lb.yaml has the consumer '{Consumer}'";

    private static string NewId(KeyFileText file)
    {
        while (true)
        {
            var id = ApiKeyText.NewId();
            if (file.Find(id) is null)
            {
                return id;
            }
        }
    }

    private static string Joined(ValueList<string> items) => items.Count == 0 ? "-" : string.Join(',', items);

    // The key alone goes to stdout, for whoever pipes it into a store of secrets.
    private async Task<int> SaveAsync(Terminal terminal, ReplacedFile target, KeyFileText file, string? secret, string note)
    {
        target.Replace(Encoding.UTF8.GetBytes(file.Text));
        if (file.IsRewritten)
        {
            await terminal.Error.WriteLineAsync($"lb: {Path} was written in a form of its own: it was written anew, and comments in it are gone");
        }

        if (secret is not null)
        {
            await terminal.Out.WriteLineAsync(secret);
        }

        await terminal.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"lb: {note}"));
        return ExitCode.Success;
    }

    private static async Task<int> FailAsync(Terminal terminal, string message)
    {
        foreach (var line in message.Split('\n'))
        {
            await terminal.Error.WriteLineAsync($"lb: {line}");
        }

        return ExitCode.Failure;
    }
}
