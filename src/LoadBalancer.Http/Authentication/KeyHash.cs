using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace LoadBalancer.Http.Authentication;

/// <summary>
/// The SHA-256 of an API key: all that lb ever keeps of one. A fast hash is right here, because a key has too much chance in it to be guessed
/// (ADR 0017). Immutable.
/// </summary>
internal readonly struct KeyHash : IEquatable<KeyHash>
{
    /// <summary>What stands before its digits in a file.</summary>
    public const string Prefix = "sha256:";

    private const int Digits = 2 * SHA256.HashSizeInBytes;

    // As the digest has its bytes.
    private readonly ulong _first;
    private readonly ulong _second;
    private readonly ulong _third;
    private readonly ulong _fourth;

    private KeyHash(ReadOnlySpan<byte> digest)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(digest);
        (_first, _second, _third, _fourth) = (words[0], words[1], words[2], words[3]);
    }

    /// <summary>The hash of a key.</summary>
    public static KeyHash Of(ReadOnlySpan<byte> key)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(key, digest);
        return new KeyHash(digest);
    }

    /// <summary>Reads <c>sha256:</c> and 64 hexadecimal digits, in whatever case.</summary>
    public static bool TryParse(string text, out KeyHash hash)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        var digits = text.AsSpan(Math.Min(Prefix.Length, text.Length));
        var formed = text.StartsWith(Prefix, StringComparison.Ordinal) && digits.Length == Digits
            && Convert.FromHexString(digits, digest, out _, out _) == System.Buffers.OperationStatus.Done;
        hash = formed ? new KeyHash(digest) : default;
        return formed;
    }

    /// <summary>True for the same hash; how long that takes says nothing of where they differ.</summary>
    public bool Equals(KeyHash other) =>
        ((_first ^ other._first) | (_second ^ other._second) | (_third ^ other._third) | (_fourth ^ other._fourth)) == 0;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is KeyHash other && Equals(other);

    /// <summary>A part of it: nobody can choose the hash that a table of keys holds.</summary>
    public override int GetHashCode() => (int)_first;

    /// <summary>As a file has it.</summary>
    public override string ToString()
    {
        Span<ulong> words = [_first, _second, _third, _fourth];
        return string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Convert.ToHexStringLower(MemoryMarshal.AsBytes(words))}");
    }
}
