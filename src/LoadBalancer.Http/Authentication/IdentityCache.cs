using System.Buffers.Binary;
using LoadBalancer.Faults;

namespace LoadBalancer.Http.Authentication;

/// <summary>
/// What providers have found out of credentials: an identity, or why there is none, until a time. Bounded in entries and in bytes, whoever sends
/// whatever. Shared by the loops and thread-safe: a hit takes no lock and allocates nothing.
/// </summary>
/// <remarks>
/// <para>
/// Sets of <see cref="Ways"/> places each, in one of which a credential is by its hash. The hash has a secret, so that nobody outside can aim at a
/// set; were it known, all that could be reached is that a set forgets sooner. A credential is compared whole, and only where all 64 bits of its
/// hash are those of an entry: how long the comparison takes tells nothing to somebody who does not know the credential.
/// </para>
/// <para>
/// Where there is no room, what has expired goes first, then what was used longest ago: within the set where places are short, and within the
/// stripe, which is a share of the sets with a lock for its writers, where bytes are. An entry weighs its credential and about what its identity
/// takes.
/// </para>
/// <para>It holds credentials in clear, as the requests did from which it has them; nothing prints it.</para>
/// </remarks>
internal sealed class IdentityCache
{
    /// <summary>How many places a set has.</summary>
    public const int Ways = 8;

    private const int MostStripes = 64;
    private const int SetsOfStripe = 8;
    private const ulong Odd = 0x9E37_79B9_7F4A_7C15;

    private readonly Row?[] _sets;
    private readonly Stripe[] _stripes;
    private readonly int _ways;
    private readonly long _mostBytes;
    private readonly TimeProvider _time;
    private readonly ulong _seed;
    private readonly ulong _secret;

    /// <summary>An empty cache.</summary>
    /// <param name="mostEntries">Entries at most; at least 1.</param>
    /// <param name="mostBytes">What the entries weigh at most, all together.</param>
    /// <param name="time">The clock that says what has expired.</param>
    /// <param name="seeds">Where the secret of the hash comes from; drawn from here alone.</param>
    public IdentityCache(int mostEntries, long mostBytes, TimeProvider time, Random seeds)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(mostEntries, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(mostBytes, 1);
        _ways = Math.Min(Ways, mostEntries);
        _sets = new Row?[mostEntries / _ways];
        _stripes = new Stripe[Math.Clamp(_sets.Length / SetsOfStripe, 1, MostStripes)];
        for (var at = 0; at < _stripes.Length; at++)
        {
            _stripes[at] = new Stripe { First = at, Hand = at };
        }

        _mostBytes = mostBytes / _stripes.Length;
        _time = time;
        _seed = (ulong)seeds.NextInt64();
        _secret = (ulong)seeds.NextInt64();
    }

    /// <summary>How many entries there are, expired ones included. A walk over all of them: for tests and readings.</summary>
    public int Count
    {
        get
        {
            var count = 0;
            foreach (var set in _sets)
            {
                foreach (var place in set?.Places ?? [])
                {
                    count += place.Entry is null ? 0 : 1;
                }
            }

            return count;
        }
    }

    /// <summary>What the entries weigh, in bytes.</summary>
    public long Bytes
    {
        get
        {
            var bytes = 0L;
            foreach (var stripe in _stripes)
            {
                bytes += Volatile.Read(ref stripe.Bytes);
            }

            return bytes;
        }
    }

    /// <summary>What is known of a credential, if that is still true.</summary>
    /// <param name="credential">All of it.</param>
    /// <param name="identity">Whose it is; null where it is refused.</param>
    /// <param name="refusal">Why it is refused; <see cref="FaultKind.None"/> where it is somebody's.</param>
    public bool TryGet(ReadOnlySpan<byte> credential, out Identity? identity, out FaultKind refusal)
    {
        var hash = Hash(credential);
        if (Volatile.Read(ref _sets[SetOf(hash)]) is { } set)
        {
            foreach (ref var place in set.Places.AsSpan())
            {
                // Two loads that a writer may come between: the entry's own hash decides.
                if (place.Hash == hash && Volatile.Read(ref place.Entry) is { } entry && entry.Hash == hash && credential.SequenceEqual(entry.Credential))
                {
                    var now = Now;
                    if (now >= entry.Until)
                    {
                        break;
                    }

                    if (entry.Used != now)
                    {
                        // Once a second and not with every hit: loops share the line that it is on.
                        entry.Used = now;
                    }

                    (identity, refusal) = (entry.Identity, entry.Refusal);
                    return true;
                }
            }
        }

        (identity, refusal) = (null, FaultKind.None);
        return false;
    }

    /// <summary>Remembers whose a credential is.</summary>
    /// <param name="credential">All of it.</param>
    /// <param name="identity">Whose it is.</param>
    /// <param name="untilUnixSeconds">Until when at most; never longer than <see cref="Identity.ExpiresAt"/>.</param>
    public void Set(ReadOnlySpan<byte> credential, Identity identity, long untilUnixSeconds) =>
        Put(credential, identity, FaultKind.None, Math.Min(untilUnixSeconds, identity.ExpiresAt));

    /// <summary>Remembers that a credential is nobody's.</summary>
    /// <param name="credential">All of it.</param>
    /// <param name="refusal">Why.</param>
    /// <param name="untilUnixSeconds">Until when.</param>
    public void SetRefusal(ReadOnlySpan<byte> credential, FaultKind refusal, long untilUnixSeconds) => Put(credential, null, refusal, untilUnixSeconds);

    /// <summary>Forgets a credential.</summary>
    public void Remove(ReadOnlySpan<byte> credential)
    {
        var hash = Hash(credential);
        var index = SetOf(hash);
        var stripe = _stripes[index % _stripes.Length];
        lock (stripe)
        {
            if (_sets[index] is { } set && set.Find(hash, credential) is >= 0 and var at)
            {
                Empty(stripe, ref set.Places[at]);
            }
        }
    }

    private long Now => _time.GetUtcNow().ToUnixTimeSeconds();

    private void Put(ReadOnlySpan<byte> credential, Identity? identity, FaultKind refusal, long until)
    {
        var now = Now;
        var hash = Hash(credential);
        var index = SetOf(hash);
        var entry = new CachedIdentity { Hash = hash, Credential = credential.ToArray(), Identity = identity, Refusal = refusal, Until = until, Used = now };
        var stripe = _stripes[index % _stripes.Length];
        lock (stripe)
        {
            var set = _sets[index];
            if (set is not null && set.Find(hash, credential) is >= 0 and var known)
            {
                Empty(stripe, ref set.Places[known]);
            }

            if (until <= now || entry.Weight > _mostBytes)
            {
                return;
            }

            if (set is null)
            {
                set = new Row(_ways);
                Volatile.Write(ref _sets[index], set);
            }

            MakeRoom(stripe, entry.Weight, now);
            ref var place = ref set.Places[set.Poorest(now)];
            Empty(stripe, ref place);
            stripe.Bytes += entry.Weight;
            place.Hash = hash;
            Volatile.Write(ref place.Entry, entry);
        }
    }

    /// <summary>Takes entries out of a stripe until <paramref name="bytes"/> more fit, one of each set in turn.</summary>
    private void MakeRoom(Stripe stripe, int bytes, long now)
    {
        while (stripe.Bytes + bytes > _mostBytes)
        {
            stripe.Hand = stripe.Hand + _stripes.Length < _sets.Length ? stripe.Hand + _stripes.Length : stripe.First;
            if (_sets[stripe.Hand] is { } set && set.PoorestTaken(now) is >= 0 and var at)
            {
                Empty(stripe, ref set.Places[at]);
            }
        }
    }

    private static void Empty(Stripe stripe, ref Place place)
    {
        if (place.Entry is { } entry)
        {
            stripe.Bytes -= entry.Weight;
            Volatile.Write(ref place.Entry, null);
        }
    }

    private int SetOf(ulong hash) => (int)(((hash >> 32) * (ulong)_sets.Length) >> 32);

    /// <summary>
    /// 16 bytes for each multiplication of 64 by 64 bits, both halves of whose product are kept (the way of wyhash, by Wang Yi). Without the
    /// secret, nobody can make a factor 0.
    /// </summary>
    private ulong Hash(ReadOnlySpan<byte> text)
    {
        var hash = _seed ^ ((ulong)text.Length * Odd);
        while (text.Length >= 16)
        {
            hash = Mix(BinaryPrimitives.ReadUInt64LittleEndian(text) ^ _secret, BinaryPrimitives.ReadUInt64LittleEndian(text[8..]) ^ hash);
            text = text[16..];
        }

        Span<byte> rest = stackalloc byte[16];
        rest.Clear();
        text.CopyTo(rest);
        hash = Mix(BinaryPrimitives.ReadUInt64LittleEndian(rest) ^ _secret, BinaryPrimitives.ReadUInt64LittleEndian(rest[8..]) ^ hash);
        return Mix(hash ^ _secret, Odd);
    }

    private static ulong Mix(ulong one, ulong other)
    {
        var high = Math.BigMul(one, other, out var low);
        return high ^ low;
    }

    private struct Place
    {
        public ulong Hash;
        public CachedIdentity? Entry;
    }

    /// <summary>A set.</summary>
    private sealed class Row(int ways)
    {
        public Place[] Places { get; } = new Place[ways];

        /// <summary>Where the credential is; -1 for nowhere.</summary>
        public int Find(ulong hash, ReadOnlySpan<byte> credential)
        {
            for (var at = 0; at < Places.Length; at++)
            {
                if (Places[at].Entry is { } entry && entry.Hash == hash && credential.SequenceEqual(entry.Credential))
                {
                    return at;
                }
            }

            return -1;
        }

        /// <summary>The place that a newcomer takes: an empty one, else the one of which least is lost.</summary>
        public int Poorest(long now)
        {
            var empty = Array.FindIndex(Places, static place => place.Entry is null);
            return empty >= 0 ? empty : PoorestTaken(now);
        }

        /// <summary>The place that has expired or was used longest ago; -1 where all are empty.</summary>
        public int PoorestTaken(long now)
        {
            var (poorest, least) = (-1, long.MaxValue);
            for (var at = 0; at < Places.Length; at++)
            {
                if (Places[at].Entry is { } entry && (entry.Until <= now ? long.MinValue : entry.Used) is var worth && (poorest < 0 || worth < least))
                {
                    (poorest, least) = (at, worth);
                }
            }

            return poorest;
        }
    }

    /// <summary>What the writers of some sets share, and lock.</summary>
    private sealed class Stripe
    {
        public required int First;
        public required int Hand;
        public long Bytes;
    }
}
