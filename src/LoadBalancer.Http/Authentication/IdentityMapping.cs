using System.Buffers;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Authentication;

/// <summary>How the claims of a provider become identities. Immutable and thread-safe.</summary>
internal sealed class IdentityMapping
{
    private static readonly SearchValues<char> Encoded = SearchValues.Create([.. Enumerable.Range(0, 32).Select(code => (char)code), ',', '%', '\x7f']);

    private readonly string _provider;
    private readonly string? _rolesClaim;
    private readonly string? _planClaim;
    private readonly (string Claim, KnownHeader Known, byte[] Header)[] _forward;

    /// <summary>The mapping of a provider.</summary>
    /// <param name="provider">The provider's name in the file.</param>
    /// <param name="rolesClaim">The claim that has the roles; null for none.</param>
    /// <param name="planClaim">The claim that names the plan; null for none.</param>
    /// <param name="forward">The header field of each claim that endpoints get.</param>
    public IdentityMapping(string provider, string? rolesClaim, string? planClaim, ValueMap<string> forward)
    {
        (_provider, _rolesClaim, _planClaim) = (provider, rolesClaim, planClaim);
        _forward = [.. forward.Select(entry => (entry.Key, KnownHeaders.Find(Encoding.ASCII.GetBytes(entry.Value)), Encoding.ASCII.GetBytes(entry.Value)))];
    }

    /// <summary>The identity that the claims speak of.</summary>
    /// <param name="subject">Who it is.</param>
    /// <param name="claims">All that is known.</param>
    /// <param name="expiresAt">When it ends, in Unix seconds.</param>
    public Identity Map(string subject, FrozenDictionary<string, ImmutableArray<string>> claims, long expiresAt) => new()
    {
        Provider = _provider,
        Subject = subject,
        Plan = _planClaim is not null && claims.TryGetValue(_planClaim, out var plan) && plan.Length == 1 ? plan[0] : null,
        Roles = _rolesClaim is not null && claims.TryGetValue(_rolesClaim, out var roles) ? roles : [],
        Scopes = ScopesOf(claims),
        Claims = claims,
        ExpiresAt = expiresAt,
        Forwarded = Render(claims),
    };

    /// <summary>
    /// A claim as the value of a field, in UTF-8, the items of a list with commas between them. In every item the comma, the percent sign and what
    /// a field cannot hold (controls, white space at its ends) are percent-encoded, so that no claim can become another item or another field.
    /// </summary>
    internal static byte[] Render(ImmutableArray<string> values)
    {
        if (values is [var one] && !one.AsSpan().ContainsAny(Encoded) && one.AsSpan().Trim(' ').Length == one.Length)
        {
            return Encoding.UTF8.GetBytes(one);
        }

        var text = new StringBuilder();
        for (var item = 0; item < values.Length; item++)
        {
            text.Append(item > 0 ? "," : "");
            var value = values[item];
            for (var at = 0; at < value.Length; at++)
            {
                if (Encoded.Contains(value[at]) || (value[at] == ' ' && (at == 0 || at == value.Length - 1)))
                {
                    text.Append(CultureInfo.InvariantCulture, $"%{(int)value[at]:X2}");
                }
                else
                {
                    text.Append(value[at]);
                }
            }
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    // RFC 8693 section 4.2 has one text with spaces in it; some issuers call it scp, or make it a list.
    private static ImmutableArray<string> ScopesOf(FrozenDictionary<string, ImmutableArray<string>> claims)
    {
        if (!claims.TryGetValue("scope", out var texts) && !claims.TryGetValue("scp", out texts))
        {
            return [];
        }

        return texts is [var one] && !one.Contains(' ', StringComparison.Ordinal)
            ? (one.Length > 0 ? texts : [])
            : [.. texts.SelectMany(text => text.Split(' ', StringSplitOptions.RemoveEmptyEntries))];
    }

    // A claim that the caller does not have is no field, and neither is one that is empty.
    private ImmutableArray<IdentityField> Render(FrozenDictionary<string, ImmutableArray<string>> claims)
    {
        if (_forward.Length == 0)
        {
            return [];
        }

        var fields = ImmutableArray.CreateBuilder<IdentityField>(_forward.Length);
        foreach (var (claim, known, header) in _forward)
        {
            if (claims.TryGetValue(claim, out var values) && Render(values) is { Length: > 0 } value)
            {
                fields.Add(new IdentityField(known, header, value));
            }
        }

        return fields.ToImmutable();
    }
}
