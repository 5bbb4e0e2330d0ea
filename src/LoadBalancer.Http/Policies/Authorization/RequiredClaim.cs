using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Templates;

namespace LoadBalancer.Http.Policies.Authorization;

/// <summary>A claim and what it has to be. Immutable and thread-safe.</summary>
/// <param name="name">The claim.</param>
/// <param name="values">Templates, of which it has to be one.</param>
/// <param name="captures">What the route's path captures, in its order.</param>
internal sealed class RequiredClaim(string name, IEnumerable<string> values, IReadOnlyList<string> captures)
{
    /// <summary>The most of a claim that is compared, in characters: a longer one is never what it has to be.</summary>
    private const int Longest = 2048;

    private readonly Template[] _values = [.. values.Select(value => Template.Parse(value, captures))];

    /// <summary>The claim.</summary>
    public string Name => name;

    /// <summary>True where the caller's claim is what it has to be.</summary>
    public bool IsMet(Exchange exchange, Identity identity)
    {
        if (!identity.TryGetClaim(name, out var claims))
        {
            return false;
        }

        var fields = exchange.Request.Fields;
        foreach (var value in _values)
        {
            // The list's free bytes are the room in which it is written; nothing of it stays.
            fields.BeginField(default);
            var isWritten = value.Append(exchange, fields, TemplateUse.Comparison) == FaultKind.None;
            var wanted = fields.BegunValue;
            var isMet = isWritten && !wanted.IsEmpty && Has(claims.AsSpan(), wanted);
            fields.CancelField();
            if (isMet)
            {
                return true;
            }
        }

        return false;
    }

    private static bool Has(ReadOnlySpan<string> claims, ReadOnlySpan<byte> wanted)
    {
        Span<byte> bytes = stackalloc byte[3 * Longest];
        foreach (var claim in claims)
        {
            if (claim.Length <= Longest && bytes[..Encoding.UTF8.GetBytes(claim, bytes)].SequenceEqual(wanted))
            {
                return true;
            }
        }

        return false;
    }
}
