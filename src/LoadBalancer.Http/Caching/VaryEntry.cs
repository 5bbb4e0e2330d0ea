namespace LoadBalancer.Http.Caching;

/// <summary>Stands where the answers to a key depend on fields of the request, and says on which: the answers are kept under keys that have their values too.</summary>
/// <param name="key">What it is found by.</param>
/// <param name="hash">The key's number.</param>
/// <param name="names">The names of the fields.</param>
internal sealed class VaryEntry(byte[] key, ulong hash, byte[][] names) : CacheEntry(key, hash, Overhead + (key.Length * 2) + VaryNames.SizeOf(names))
{
    /// <summary>The names of the fields.</summary>
    public ReadOnlySpan<byte[]> Names => names;

    /// <summary>True where they are those.</summary>
    public bool Has(byte[][] others)
    {
        var same = names.Length == others.Length;
        for (var at = 0; same && at < names.Length; at++)
        {
            same = names[at].AsSpan().SequenceEqual(others[at]);
        }

        return same;
    }
}
