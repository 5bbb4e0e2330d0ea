using System.Security.Cryptography;
using System.Text;

namespace LoadBalancer.Configuration;

/// <summary>
/// What only those know who are told: a token, a password. Nothing prints it, whoever logs, formats or serializes the
/// record that holds it; it can be compared and, where it has to be presented to somebody, revealed. Immutable.
/// </summary>
/// <param name="text">The secret itself.</param>
public sealed class Secret(string text) : IEquatable<Secret>
{
    /// <summary>What is printed in its place.</summary>
    public const string Shown = "(secret)";

    // Digests are of one length, so that comparing tells nothing of how long the secret is.
    private readonly byte[] _digest = SHA256.HashData(Encoding.UTF8.GetBytes(text));

    /// <summary>The secret itself, for whoever has to present it.</summary>
    public string Reveal() => text;

    /// <summary>Whether <paramref name="candidate"/> is the secret; how long that takes says nothing of where they differ.</summary>
    public bool Matches(string candidate) =>
        CryptographicOperations.FixedTimeEquals(_digest, SHA256.HashData(Encoding.UTF8.GetBytes(candidate)));

    /// <inheritdoc/>
    public bool Equals(Secret? other) => other is not null && CryptographicOperations.FixedTimeEquals(_digest, other._digest);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Secret);

    /// <inheritdoc/>
    public override int GetHashCode() => BitConverter.ToInt32(_digest);

    /// <inheritdoc/>
    public override string ToString() => Shown;
}
