using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Caching;

/// <summary>The words by which an endpoint lets others give up what is kept of it: of a response's field that the route names, parted by commas or spaces.</summary>
internal static class CacheTags
{
    /// <summary>How many a response that is kept may have.</summary>
    public const int Most = 128;

    /// <summary>Takes the field off a response, and gives the words' numbers. They are compared letter by letter, by numbers that nobody can foresee.</summary>
    /// <param name="response">The response's fields.</param>
    /// <param name="name">The name of the field.</param>
    /// <param name="store">Whose numbers.</param>
    /// <returns>The numbers; null where there are too many, so that a purge might miss it.</returns>
    public static ulong[]? Take(HeaderList response, ReadOnlySpan<byte> name, CacheStore store)
    {
        var count = 0;
        Span<ulong> numbers = stackalloc ulong[Most];
        for (var at = response.Find(name); at >= 0; at = response.Find(name, at + 1))
        {
            for (var rest = response.Value(at); TryNext(ref rest, out var word); count++)
            {
                if (count < Most)
                {
                    numbers[count] = store.HashOf(word);
                }
            }
        }

        response.Remove(name);
        return count == 0 ? [] : count <= Most ? numbers[..count].ToArray() : null;
    }

    /// <summary>True where a text is one tag: what a purge may name.</summary>
    public static bool IsTag(ReadOnlySpan<byte> text) => text.Length > 0 && !text.ContainsAnyExceptInRange((byte)'!', (byte)'~') && !text.Contains((byte)',');

    private static bool TryNext(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> word)
    {
        rest = rest.TrimStart(", \t"u8);
        var end = rest.IndexOfAny(", \t"u8);
        word = end < 0 ? rest : rest[..end];
        rest = rest[word.Length..];
        return word.Length > 0;
    }
}
