using System.Diagnostics.CodeAnalysis;
using LoadBalancer.Http.Caching;

namespace LoadBalancer.Http.Tests.Caching;

/// <summary>An entry that is nothing but its key and its weight.</summary>
internal sealed class PlainEntry : CacheEntry
{
    [SetsRequiredMembers]
    public PlainEntry(byte[] key, ulong hash, long size)
        : base(key, hash, size) => (Place, Primary) = ([], hash);

    /// <summary>One of <paramref name="size"/> bytes with a number for a key, added where it is not there.</summary>
    /// <returns>True where it was.</returns>
    public static bool Ask(CacheStore store, long number, long size)
    {
        Span<byte> key = stackalloc byte[sizeof(long)];
        BitConverter.TryWriteBytes(key, number);
        var hash = store.HashOf(key);
        if (store.Find(key, hash) is not null)
        {
            return true;
        }

        store.Add(new PlainEntry(key.ToArray(), hash, size));
        return false;
    }

    /// <summary>True where a number's entry is kept; nobody has asked for it by that.</summary>
    public static bool Has(CacheStore store, long number)
    {
        Span<byte> key = stackalloc byte[sizeof(long)];
        BitConverter.TryWriteBytes(key, number);
        return store.Peek(key, store.HashOf(key)) is not null;
    }
}
