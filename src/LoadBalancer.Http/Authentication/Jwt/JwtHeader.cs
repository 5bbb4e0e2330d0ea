using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using LoadBalancer.Faults;

namespace LoadBalancer.Http.Authentication.Jwt;

/// <summary>
/// What the header of a token says of how it is signed (RFC 7515 section 4). Keys and addresses in it (<c>jwk</c>, <c>jku</c>, <c>x5c</c>, <c>x5u</c>)
/// are whoever's who wrote it, and are not looked at.
/// </summary>
/// <param name="id">Room for the name of the key.</param>
internal ref struct JwtHeader(Span<char> id)
{
    private const int MostMembers = 32;
    private const int MostDepth = 8;
    private const int LongestType = 64;

    private static readonly JsonReaderOptions Strict = new() { MaxDepth = MostDepth };

    private readonly Span<char> _room = id;

    // RFC 7515 section 4.1.9: whoever writes it may leave this out.
    private static ReadOnlySpan<byte> Media => "application/"u8;

    /// <summary>The algorithm, one that is known; <see cref="JwtAlgorithms.None"/> for any other, <c>none</c> first of all.</summary>
    public JwtAlgorithms Algorithm { get; private set; }

    /// <summary>True where it names a key.</summary>
    public bool HasId { get; private set; }

    /// <summary>The key that it names (<c>kid</c>).</summary>
    public ReadOnlySpan<char> Id { get; private set; }

    /// <summary>Reads a header.</summary>
    /// <returns><see cref="FaultKind.None"/>, or why the token is no good whoever signed it.</returns>
    public FaultKind Read(ReadOnlySpan<byte> json)
    {
        if (!Utf8.IsValid(json))
        {
            return FaultKind.TokenMalformed;
        }

        try
        {
            return ReadMembers(json);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // The platform's reader has no other way to tell. It costs less than the signature of a token that is well formed.
            return FaultKind.TokenMalformed;
        }
    }

    private FaultKind ReadMembers(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, Strict);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return FaultKind.TokenMalformed;
        }

        Span<Range> names = stackalloc Range[MostMembers];
        var (count, hasAlgorithm, fault) = (0, false, FaultKind.None);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var start = (int)reader.TokenStartIndex + 1;
            var name = start..(start + reader.ValueSpan.Length);
            if (count == MostMembers || reader.ValueIsEscaped || IsAmong(json, names[..count], json[name]))
            {
                // Nobody writes these names with escapes but to have them read in two ways.
                return FaultKind.TokenMalformed;
            }

            names[count++] = name;
            reader.Read();
            var one = FaultKind.None;
            switch (json[name])
            {
                case var text when text.SequenceEqual("alg"u8):
                    hasAlgorithm = true;
                    one = ReadAlgorithm(ref reader);
                    break;
                case var text when text.SequenceEqual("kid"u8):
                    one = ReadId(ref reader);
                    break;
                case var text when text.SequenceEqual("typ"u8):
                    one = ReadType(ref reader);
                    break;
                case var text when text.SequenceEqual("cty"u8):
                    // Another token in this one: what it says is not what was asked for.
                    one = reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("JWT"u8) ? FaultKind.TokenUnsupported : FaultKind.None;
                    break;
                case var text when text.SequenceEqual("crit"u8) || text.SequenceEqual("b64"u8) || text.SequenceEqual("enc"u8) || text.SequenceEqual("zip"u8):
                    // Extensions that must be understood, and encryption: none is.
                    one = FaultKind.TokenUnsupported;
                    break;
                default:
                    break;
            }

            reader.Skip();
            if (fault is FaultKind.None or FaultKind.TokenKeyUnknown)
            {
                fault = one == FaultKind.None ? fault : one;
            }
        }

        return reader.Read() || !hasAlgorithm ? FaultKind.TokenMalformed : fault;
    }

    private FaultKind ReadAlgorithm(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            return FaultKind.TokenMalformed;
        }

        Algorithm = reader.ValueIsEscaped ? JwtAlgorithms.None : JwtAlgorithmNames.Of(reader.ValueSpan);
        return Algorithm == JwtAlgorithms.None ? FaultKind.TokenAlgorithmRefused : FaultKind.None;
    }

    // RFC 8725 section 3.11: what an issuer signs for another purpose, a logout or a proof of possession, is no token of a caller.
    private static FaultKind ReadType(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            return FaultKind.TokenMalformed;
        }

        if (reader.ValueSpan.Length > LongestType)
        {
            return FaultKind.TokenUnsupported;
        }

        Span<byte> room = stackalloc byte[LongestType];
        ReadOnlySpan<byte> type = room[..reader.CopyString(room)];
        if (type.Length > Media.Length && Ascii.EqualsIgnoreCase(type[..Media.Length], Media))
        {
            type = type[Media.Length..];
        }

        return Ascii.EqualsIgnoreCase(type, "JWT"u8) || Ascii.EqualsIgnoreCase(type, "at+jwt"u8) ? FaultKind.None : FaultKind.TokenUnsupported;
    }

    private FaultKind ReadId(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            return FaultKind.TokenMalformed;
        }

        if (reader.ValueSpan.Length > _room.Length)
        {
            return FaultKind.TokenKeyUnknown;
        }

        HasId = true;
        Id = _room[..reader.CopyString(_room)];
        return FaultKind.None;
    }

    private static bool IsAmong(ReadOnlySpan<byte> json, ReadOnlySpan<Range> names, ReadOnlySpan<byte> name)
    {
        foreach (var other in names)
        {
            if (json[other].SequenceEqual(name))
            {
                return true;
            }
        }

        return false;
    }
}
