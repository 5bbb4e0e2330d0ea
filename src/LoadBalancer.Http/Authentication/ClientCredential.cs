using System.Net.Http.Headers;
using System.Text;
using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Authentication;

/// <summary>Who lb is to an issuer (RFC 6749 section 2.3.1). Immutable and thread-safe.</summary>
/// <param name="id">The name.</param>
/// <param name="secret">The password; null for a client that has none.</param>
/// <param name="posts">True where the password is told in the form, and not in the Authorization field.</param>
internal sealed class ClientCredential(string id, Secret? secret, bool posts)
{
    /// <summary>The Authorization field; null for none.</summary>
    public AuthenticationHeaderValue? Authorization =>
        secret is null || posts ? null : new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.ASCII.GetBytes($"{Encode(id)}:{Encode(secret.Reveal())}")));

    /// <summary>What the form has of it.</summary>
    public IEnumerable<KeyValuePair<string, string>> Fields =>
        secret is null ? [KeyValuePair.Create("client_id", id)]
        : posts ? [KeyValuePair.Create("client_id", id), KeyValuePair.Create("client_secret", secret.Reveal())]
        : [];

    // As a form is encoded, before it becomes a user and a password.
    private static string Encode(string text) => Uri.EscapeDataString(text).Replace("%20", "+", StringComparison.Ordinal);
}
