using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace LoadBalancer.Http.Authentication;

/// <summary>
/// Reads a JSON object of claims into texts, see <see cref="Identity.Claims"/>. What two readers could read in two ways is refused: a name
/// that stands twice in one object (RFC 8259 section 4 leaves open which counts), and a dotted name that is that of a member of an object too.
/// </summary>
/// <remarks>
/// It is for what somebody trusted has sent or signed, and is not on the way of a request whose token is known. Invalid JSON costs an exception,
/// since the reader of the platform has no other way to tell; nobody can provoke it without the issuer's key.
/// </remarks>
internal ref struct ClaimReader
{
    /// <summary>How deep objects and arrays may lie in one another.</summary>
    public const int MostDepth = 16;

    /// <summary>How many members there may be, in all objects together.</summary>
    public const int MostMembers = 1000;

    private static readonly JsonReaderOptions Strict = new() { MaxDepth = MostDepth };

    private readonly Dictionary<string, ImmutableArray<string>> _claims = new(StringComparer.Ordinal);

    // By dotted name, where a member's own name has dots in it: the same with NUL for those, so that the two ways to such a name are told apart.
    private readonly Dictionary<string, string> _paths = new(StringComparer.Ordinal);
    private readonly List<string> _names = [];
    private Utf8JsonReader _json;
    private int _members;

    private ClaimReader(ReadOnlySpan<byte> json) => _json = new Utf8JsonReader(json, Strict);

    /// <summary>The claims; null where the bytes are not one JSON object in UTF-8, or could be read in two ways.</summary>
    public static FrozenDictionary<string, ImmutableArray<string>>? Read(ReadOnlySpan<byte> json)
    {
        if (!Utf8.IsValid(json))
        {
            return null;
        }

        var reader = new ClaimReader(json);
        try
        {
            return reader._json.Read() && reader._json.TokenType == JsonTokenType.StartObject && reader.ReadObject(null, null) && !reader._json.Read()
                ? reader._claims.ToFrozenDictionary(StringComparer.Ordinal)
                : null;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // The second is of a string that escapes half a surrogate pair.
            return null;
        }
    }

    /// <summary>Reads the members of the object that has begun.</summary>
    /// <param name="prefix">Its dotted name; null for the outermost.</param>
    /// <param name="path">The same, with NUL for the dots that members have in their own names.</param>
    private bool ReadObject(string? prefix, string? path)
    {
        var first = _names.Count;
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            var name = _json.GetString()!;
            if (++_members > MostMembers || _names.IndexOf(name, first) >= 0)
            {
                return false;
            }

            _names.Add(name);
            var whole = Join(prefix, name);
            var hasOwnDots = !ReferenceEquals(prefix, path) || name.Contains('.', StringComparison.Ordinal);
            if (!_json.Read() || !ReadValue(whole, hasOwnDots ? Join(path, name.Replace('.', '\0')) : whole))
            {
                return false;
            }
        }

        _names.RemoveRange(first, _names.Count - first);
        return true;
    }

    private static string Join(string? prefix, string name) => prefix is null ? name : $"{prefix}.{name}";

    private bool ReadValue(string name, string path)
    {
        switch (_json.TokenType)
        {
            case JsonTokenType.StartObject:
                return ReadObject(name, path);
            case JsonTokenType.StartArray:
                var items = ImmutableArray.CreateBuilder<string>();
                return ReadArray(name, path, items) && Add(name, path, items.ToImmutable());
            case JsonTokenType.Null:
                // A claim that says nothing.
                return true;
            default:
                return Add(name, path, [ScalarText()]);
        }
    }

    private bool ReadArray(string name, string path, ImmutableArray<string>.Builder items)
    {
        while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
        {
            switch (_json.TokenType)
            {
                case JsonTokenType.StartObject:
                    if (!ReadObject(name, path))
                    {
                        return false;
                    }

                    break;
                case JsonTokenType.StartArray:
                    if (!ReadArray(name, path, items))
                    {
                        return false;
                    }

                    break;
                case JsonTokenType.Null:
                    break;
                default:
                    items.Add(ScalarText());
                    break;
            }
        }

        return true;
    }

    private readonly string ScalarText() => _json.TokenType == JsonTokenType.String ? _json.GetString()! : Encoding.UTF8.GetString(_json.ValueSpan);

    // The objects of an array have members of one name and one path, and their values lie beside each other; within one object a name stands once.
    private readonly bool Add(string name, string path, ImmutableArray<string> values)
    {
        if (_claims.TryAdd(name, values))
        {
            if (path != name)
            {
                _paths.Add(name, path);
            }

            return true;
        }

        _claims[name] = _claims[name].AddRange(values);
        return _paths.GetValueOrDefault(name, name) == path;
    }
}
