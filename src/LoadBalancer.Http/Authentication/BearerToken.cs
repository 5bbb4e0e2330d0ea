using System.Buffers;
using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Authentication;

/// <summary>The token of a request's Authorization field (RFC 6750 section 2.1). Never from the query or a form, where it would end up in logs.</summary>
internal static class BearerToken
{
    /// <summary>A token has so many bytes at most.</summary>
    public const int MostBytes = 8 * 1024;

    // token68 of RFC 9110 section 11.2.
    private static readonly SearchValues<byte> Letters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/="u8);

    /// <summary>True where one of the Authorization fields is of this scheme.</summary>
    public static bool IsPresent(HeaderList fields)
    {
        for (var at = fields.Find(KnownHeader.Authorization); at >= 0; at = fields.Find(KnownHeader.Authorization, at + 1))
        {
            if (IsScheme(fields.Value(at)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The token of a request that has one; else why it is no good. A second Authorization field, of whatever scheme, could be another caller's.</summary>
    public static FaultKind Read(HeaderList fields, out ReadOnlySpan<byte> token)
    {
        token = default;
        var at = fields.Find(KnownHeader.Authorization);
        if (at < 0)
        {
            return FaultKind.CredentialMissing;
        }

        if (fields.Find(KnownHeader.Authorization, at + 1) >= 0)
        {
            return FaultKind.CredentialAmbiguous;
        }

        var value = fields.Value(at);
        if (!IsScheme(value))
        {
            return FaultKind.CredentialMissing;
        }

        var rest = FieldText.Trim(value["Bearer".Length..]);
        if (rest.Length > MostBytes)
        {
            return FaultKind.CredentialTooLarge;
        }

        if (rest.IsEmpty || rest.ContainsAnyExcept(Letters))
        {
            return FaultKind.TokenMalformed;
        }

        token = rest;
        return FaultKind.None;
    }

    private static bool IsScheme(ReadOnlySpan<byte> value) =>
        value.Length >= "Bearer".Length && Ascii.EqualsIgnoreCase(value[.."Bearer".Length], "Bearer"u8) && (value.Length == "Bearer".Length || value["Bearer".Length] is (byte)' ' or (byte)'\t');
}
