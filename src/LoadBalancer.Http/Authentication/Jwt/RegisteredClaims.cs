using System.Text.Json;

namespace LoadBalancer.Http.Authentication.Jwt;

/// <summary>
/// The claims of RFC 7519 section 4.1 that decide whether a token is good, with the types that they must have. Whether a name stands twice is
/// found by <see cref="ClaimReader"/>.
/// </summary>
internal struct RegisteredClaims
{
    /// <summary>True where <c>iss</c> is the issuer.</summary>
    public bool IsByIssuer { get; private set; }

    /// <summary>True where <c>aud</c> is, or has, one of the audiences.</summary>
    public bool IsForAudience { get; private set; }

    /// <summary><c>exp</c>; null where there is none.</summary>
    public long? ExpiresAt { get; private set; }

    /// <summary><c>nbf</c>; null where there is none.</summary>
    public long? NotBefore { get; private set; }

    /// <summary>Reads them; false where the payload is no object, or one of them is of another type: a time is a whole number of seconds.</summary>
    /// <param name="json">The payload, valid UTF-8.</param>
    /// <param name="options">How strictly it is read.</param>
    /// <param name="issuer">What <c>iss</c> is held against.</param>
    /// <param name="audiences">What <c>aud</c> is held against.</param>
    public bool Read(ReadOnlySpan<byte> json, JsonReaderOptions options, byte[] issuer, byte[][] audiences)
    {
        try
        {
            var reader = new Utf8JsonReader(json, options);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return false;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isWellTyped = reader switch
                {
                    _ when reader.ValueTextEquals("iss"u8) => ReadIssuer(ref reader, issuer),
                    _ when reader.ValueTextEquals("aud"u8) => ReadAudience(ref reader, audiences),
                    _ when reader.ValueTextEquals("exp"u8) => ReadTime(ref reader, out var time) && (ExpiresAt = time) == time,
                    _ when reader.ValueTextEquals("nbf"u8) => ReadTime(ref reader, out var time) && (NotBefore = time) == time,
                    _ when reader.ValueTextEquals("sub"u8) => reader.Read() && reader.TokenType == JsonTokenType.String,
                    _ => reader.Read(),
                };
                if (!isWellTyped)
                {
                    return false;
                }

                reader.Skip();
            }

            return !reader.Read();
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    private bool ReadIssuer(ref Utf8JsonReader reader, byte[] issuer)
    {
        reader.Read();
        IsByIssuer = reader.TokenType == JsonTokenType.String && reader.ValueTextEquals(issuer);
        return reader.TokenType == JsonTokenType.String;
    }

    private bool ReadAudience(ref Utf8JsonReader reader, byte[][] audiences)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.String)
        {
            IsForAudience = IsOneOf(ref reader, audiences);
            return true;
        }

        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return false;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.String)
            {
                return false;
            }

            IsForAudience |= IsOneOf(ref reader, audiences);
        }

        return true;
    }

    private static bool IsOneOf(ref Utf8JsonReader reader, byte[][] audiences)
    {
        foreach (var audience in audiences)
        {
            if (reader.ValueTextEquals(audience))
            {
                return true;
            }
        }

        return false;
    }

    private static bool ReadTime(ref Utf8JsonReader reader, out long time)
    {
        time = 0;
        return reader.Read() && reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out time);
    }
}
