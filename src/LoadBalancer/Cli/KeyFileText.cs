using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using LoadBalancer.Configuration;
using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Http.Authentication.ApiKeys;

namespace LoadBalancer.Daemon.Cli;

/// <summary>
/// The text of a key file, and changes of it that leave the rest as somebody wrote it, comments included: lines are put in or changed, and the
/// result is read to see whether it says what it should. Where it does not, because the file is written in a form of its own, it is written anew.
/// </summary>
internal sealed partial class KeyFileText
{
    private const string Heading = "# API keys of lb: the SHA-256 of each, and never the key. 'lb keys' makes, rotates and revokes them.\n";

    private static readonly JsonSerializerOptions Quoting = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly string _path;
    private readonly IReadOnlyList<(ApiKeyRecord Key, MapNode Node)> _keys;
    private readonly string _text;

    private KeyFileText(string path, string text, IReadOnlyList<(ApiKeyRecord Key, MapNode Node)> keys) => (_path, _text, _keys) = (path, text, keys);

    /// <summary>The keys in their order.</summary>
    public IEnumerable<ApiKeyRecord> Keys => _keys.Select(entry => entry.Key);

    /// <summary>The text of the file.</summary>
    public string Text => _text;

    /// <summary>True where what was not part of a key, such as comments, was lost on the way here.</summary>
    public bool IsRewritten { get; private init; }

    /// <summary>Reads a text.</summary>
    /// <param name="path">The file, for the places.</param>
    /// <param name="text">Its text.</param>
    /// <param name="errors">What is wrong with it; empty where there is a result.</param>
    public static KeyFileText? Parse(string path, string text, out IReadOnlyList<ConfigError> errors)
    {
        var reader = new ConfigReader();
        var list = YamlSource.ReadKeyFile(text, path, reader);
        var keys = list is null ? [] : ApiKeyFile.Read(list, reader);
        errors = reader.Errors;
        return errors.Count > 0 ? null : new KeyFileText(path, text, keys);
    }

    /// <summary>The key of that id; null where there is none.</summary>
    public ApiKeyRecord? Find(string id) => Keys.FirstOrDefault(key => key.Id == id);

    /// <summary>The file with one more key at its end.</summary>
    public KeyFileText With(ApiKeyRecord key)
    {
        var start = _text.Length == 0 ? Heading : _text.EndsWith('\n') ? _text : _text + "\n";
        return Checked(start + Item(key), [.. Keys, key]);
    }

    /// <summary>The file with a key changed: when it expires, or that it is revoked.</summary>
    public KeyFileText Changed(ApiKeyRecord key)
    {
        var (before, node) = _keys.First(entry => entry.Key.Id == key.Id);
        var lines = _text.Split('\n').ToList();
        if (key.Expires != before.Expires)
        {
            Put(lines, node, "expires", Kinds.Timestamp.Print(key.Expires!.Value)!);
        }

        if (key.Revoked != before.Revoked)
        {
            Put(lines, node, "revoked", "true");
        }

        return Checked(string.Join('\n', lines), [.. Keys.Select(each => each.Id == key.Id ? key : each)]);
    }

    // What is behind a value may be a comment.
    private static void Put(List<string> lines, MapNode node, string key, string value)
    {
        if (node.Find(key) is { } entry)
        {
            var at = entry.Value.Span;
            var line = lines[at.Line - 1];
            lines[at.Line - 1] = line[..(at.Column - 1)] + value + Comment().Match(line, at.Column - 1).Value;
        }
        else
        {
            var hash = node.Find("hash")!;
            lines.Insert(hash.Value.Span.Line, $"{new string(' ', hash.Place.Column - 1)}{key}: {value}");
        }
    }

    private KeyFileText Checked(string text, IReadOnlyList<ApiKeyRecord> wanted)
    {
        var read = Parse(_path, text, out _);
        if (read is not null && read.Keys.SequenceEqual(wanted))
        {
            return new KeyFileText(_path, text, read._keys) { IsRewritten = IsRewritten };
        }

        var anew = Heading + string.Concat(wanted.Select(Item));
        return new KeyFileText(_path, anew, Parse(_path, anew, out _)!._keys) { IsRewritten = true };
    }

    private static string Item(ApiKeyRecord key)
    {
        var text = new StringBuilder($"- id: {Quoted(key.Id)}\n  hash: \"{key.Hash}\"\n");
        Line("consumer", key.Consumer is null ? null : Quoted(key.Consumer));
        Line("subject", key.Subject is null ? null : Quoted(key.Subject));
        Line("plan", key.Plan is null ? null : Quoted(key.Plan));
        Line("roles", List(key.Roles));
        Line("scopes", List(key.Scopes));
        Line("expires", key.Expires is { } time ? Kinds.Timestamp.Print(time) : null);
        Line("revoked", key.Revoked ? "true" : null);
        return text.ToString();

        void Line(string name, string? value)
        {
            if (value is not null)
            {
                text.Append("  ").Append(name).Append(": ").Append(value).Append('\n');
            }
        }
    }

    private static string? List(ValueList<string> items) => items.Count == 0 ? null : $"[{string.Join(", ", items.Select(Quoted))}]";

    private static string Quoted(string text) => Plain().IsMatch(text) ? text : JsonSerializer.Serialize(text, Quoting);

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9_.-]*\z")]
    private static partial Regex Plain();

    [GeneratedRegex(@"[ \t]+#.*$|\r$")]
    private static partial Regex Comment();
}
