using System.Buffers;
using System.Globalization;

namespace LoadBalancer.Http.Authentication.Basic;

/// <summary>
/// The hashes of passwords that are taken, and why others are not: those that a stolen file gives away in seconds, and those that cost so much
/// that a few requests keep lb busy. Forms of crypt(5).
/// </summary>
internal static class PasswordHash
{
    private const int MostBcryptCost = 14;
    private const int MostRounds = 1_000_000;
    private const int MostYescryptMemory = 128 * 1024 * 1024;
    private const string Radix64 = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    private static readonly SearchValues<char> Digits64 = SearchValues.Create(Radix64);

    // A cheap setting of each kind that some libcrypt does not know.
    private static readonly Lazy<bool> HasBcrypt = new(() => LibCrypt.Supports("$2y$04$......................"u8));
    private static readonly Lazy<bool> HasYescrypt = new(() => LibCrypt.Supports("$y$j75$......"u8));

    /// <summary>What is wrong with a hash, and what to do about it, without the hash itself; null where it is taken.</summary>
    public static string? Fault(ReadOnlySpan<char> hash) => hash switch
    {
        ['$', '2', 'a' or 'b' or 'y', '$', .. var rest] => OfBcrypt(rest),
        ['$', '5', '$', .. var rest] => OfSha(rest, digits: 43),
        ['$', '6', '$', .. var rest] => OfSha(rest, digits: 86),
        ['$', 'y', '$', .. var rest] => OfYescrypt(rest),
        _ => Weak(hash),
    };

    private static string? OfBcrypt(ReadOnlySpan<char> rest)
    {
        const string Form = "no whole bcrypt hash, which has two digits, a dollar and 53 characters behind $2y$: it was cut off or changed";
        return rest.Length != 56 || rest[2] != '$' || rest[3..].ContainsAnyExcept(Digits64) || !int.TryParse(rest[..2], NumberStyles.None, CultureInfo.InvariantCulture, out var cost) || cost < 4
            ? Form
            : cost > MostBcryptCost ? FormattableString.Invariant($"bcrypt of cost {cost}, which takes seconds to verify: at most {MostBcryptCost}; 10 to 12 is usual")
            : HasBcrypt.Value ? null : Missing("bcrypt");
    }

    private static string? OfSha(ReadOnlySpan<char> rest, int digits)
    {
        const string RoundsKey = "rounds=";
        if (rest.StartsWith(RoundsKey))
        {
            var end = rest.IndexOf('$');
            if (end < 0 || !int.TryParse(rest[RoundsKey.Length..end], NumberStyles.None, CultureInfo.InvariantCulture, out var rounds) || rounds < 1000)
            {
                return "no whole SHA-crypt hash: its rounds are a number from 1000";
            }

            if (rounds > MostRounds)
            {
                return FormattableString.Invariant($"SHA-crypt of {rounds} rounds, which takes seconds to verify: at most {MostRounds}");
            }

            rest = rest[(end + 1)..];
        }

        var dollar = rest.IndexOf('$');
        return dollar is < 0 or > 16 || rest[..dollar].Contains(':') || rest.Length - dollar - 1 != digits || rest[(dollar + 1)..].ContainsAnyExcept(Digits64)
            ? FormattableString.Invariant($"no whole SHA-crypt hash, which has a salt, a dollar and {digits} characters at its end: it was cut off or changed")
            : LibCrypt.IsAvailable ? null : Missing("SHA-crypt");
    }

    // Parameters are j, log2(N) - 1 and r - 1, a digit each; it takes 128 * N * r bytes.
    private static string? OfYescrypt(ReadOnlySpan<char> rest)
    {
        if (rest.Length < 4 + 43 || rest[0] != 'j' || rest[3] != '$' || !Digits64.Contains(rest[1]) || !Digits64.Contains(rest[2])
            || rest[4..].IndexOf('$') is not (> 0 and <= 86 and var salt) || rest[(5 + salt)..].Length != 43 || rest[4..(4 + salt)].ContainsAnyExcept(Digits64)
            || rest[(5 + salt)..].ContainsAnyExcept(Digits64))
        {
            return "no yescrypt hash as 'mkpasswd -m yescrypt' makes it: it was cut off or changed, or has parameters of its own";
        }

        var (log2, blocks) = (Radix64.IndexOf(rest[1], StringComparison.Ordinal) + 1, Radix64.IndexOf(rest[2], StringComparison.Ordinal) + 1);
        return log2 > 20 || 128L * blocks << log2 > MostYescryptMemory
            ? FormattableString.Invariant($"yescrypt that takes more than {MostYescryptMemory >> 20} MiB to verify: make it with a lower cost")
            : HasYescrypt.Value ? null : Missing("yescrypt");
    }

    private static string Weak(ReadOnlySpan<char> hash) =>
        hash.StartsWith("$apr1$") ? "an MD5 hash of Apache's (apr1), which is guessed too fast"
        : hash.StartsWith("$1$") ? "an MD5 hash, which is guessed too fast"
        : hash.StartsWith("{SHA}") || hash.StartsWith("{SSHA}") || hash.StartsWith("{SSHA512}") ? "a hash of one round of SHA, which is guessed too fast"
        : hash.StartsWith("{PLAIN}") ? "a password in clear"
        : hash.StartsWith("$7$") || hash.StartsWith("$gy$") || hash.StartsWith("$sha1$") || hash.StartsWith("$argon2") || hash.StartsWith("$3$") ? "of a kind that lb does not verify"
        : hash is ['!' or '*', ..] ? "locked: leave the line out"
        : "no hash that lb knows: a password in clear, or one by the old DES crypt, which is guessed at once";

    private static string Missing(string kind) => LibCrypt.IsAvailable
        ? $"{kind}, which this machine's libcrypt does not know"
        : $"{kind}, and this machine has no libcrypt.so.1 to verify it (on Debian: the package libcrypt1)";
}
