using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Security.Cryptography;
using LoadBalancer.Faults;

namespace LoadBalancer.Http.Authentication.Basic;

/// <summary>
/// The users of an htpasswd file, and what was found out about passwords since it was read: another file begins with another memory.
/// Thread-safe.
/// </summary>
internal sealed class PasswordTable
{
    /// <summary>How long a password that was right is taken for right, in seconds, unless the file changes.</summary>
    public const int RememberedSeconds = 300;

    private const int WrongRememberedSeconds = 60;
    private const int SaltBytes = 32;
    private const int MostRemembered = 20_000;
    private const long MostRememberedBytes = 16 * 1024 * 1024;

    private readonly string _provider;
    private readonly BasicOptions _options;
    private readonly IReadOnlyDictionary<string, byte[]> _users;
    private readonly byte[][] _hashes;
    private readonly IdentityCache _cache;
    private readonly TimeProvider _time;
    private readonly byte[] _salt = RandomNumberGenerator.GetBytes(SaltBytes);

    /// <summary>The users of a file.</summary>
    /// <param name="provider">The provider's name.</param>
    /// <param name="options">What lb.yaml says.</param>
    /// <param name="users">The hashes by user, each with a NUL behind it.</param>
    /// <param name="time">The clock of what is remembered.</param>
    /// <param name="seeds">Of what is remembered.</param>
    public PasswordTable(string provider, BasicOptions options, IReadOnlyDictionary<string, byte[]> users, TimeProvider time, Random seeds)
    {
        (_provider, _options, _users, _time) = (provider, options, users, time);
        _hashes = [.. users.Values];
        _cache = new IdentityCache(MostRemembered, MostRememberedBytes, time, seeds);
    }

    /// <summary>How many they are.</summary>
    public int Count => _users.Count;

    /// <summary>By which a credential is remembered: nothing from which it could be told.</summary>
    /// <param name="credential">The credential as it came; at most <see cref="BasicCredential.MostBytes"/>.</param>
    /// <param name="key">Room for it.</param>
    public void KeyOf(ReadOnlySpan<byte> credential, Span<byte> key)
    {
        Span<byte> salted = stackalloc byte[SaltBytes + BasicCredential.MostBytes];
        _salt.CopyTo(salted);
        credential.CopyTo(salted[SaltBytes..]);
        SHA256.HashData(salted[..(SaltBytes + credential.Length)], key);
    }

    /// <summary>What is remembered of a credential; false where nothing is.</summary>
    public bool TryRecall(ReadOnlySpan<byte> key, out Identity? identity, out FaultKind refusal) => _cache.TryGet(key, out identity, out refusal);

    /// <summary>Verifies a password and remembers what came of it; on a worker. A user who is unknown costs as much as one who is known.</summary>
    /// <param name="user">The user.</param>
    /// <param name="password">The password, and a NUL behind it.</param>
    /// <param name="key">By which it is remembered; null where it is not to be.</param>
    public PasswordVerdict Verify(string user, ReadOnlySpan<byte> password, byte[]? key)
    {
        // Somebody who came a moment ago with the same, such as a browser that opens six connections.
        if (key is not null && _cache.TryGet(key, out var known, out _))
        {
            return known is null ? PasswordVerdict.Wrong : PasswordVerdict.Right;
        }

        if (_hashes.Length == 0)
        {
            return PasswordVerdict.Wrong;
        }

        var isKnown = _users.TryGetValue(user, out var hash);
        var matches = LibCrypt.Matches(password, hash ?? _hashes[(uint)user.GetHashCode(StringComparison.Ordinal) % (uint)_hashes.Length]) && isKnown;
        if (key is not null)
        {
            Remember(user, matches, key);
        }

        return matches ? PasswordVerdict.Right : PasswordVerdict.Wrong;
    }

    /// <summary>Who a user is.</summary>
    public Identity IdentityOf(string user) => new()
    {
        Provider = _provider,
        Subject = user,
        Claims = FrozenDictionary.ToFrozenDictionary<string, ImmutableArray<string>>([new("sub", [user])]),
        Forwarded = ForwardedClaims.Render(_options.Forward, _ => [user]),
    };

    private void Remember(string user, bool matches, byte[] key)
    {
        var now = _time.GetUtcNow().ToUnixTimeSeconds();
        if (matches)
        {
            _cache.Set(key, IdentityOf(user), now + RememberedSeconds);
        }
        else
        {
            _cache.SetRefusal(key, FaultKind.PasswordWrong, now + WrongRememberedSeconds);
        }
    }
}
