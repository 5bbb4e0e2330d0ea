namespace LoadBalancer.Http.Tests.Server.Http1;

/// <summary>Texts made of others by small changes of the kind that smuggles requests; the same for the same seed.</summary>
internal sealed class Mutations(int seed, string[] corpus, string[] words)
{
    private readonly Random _random = new(seed);

    /// <summary>The next text: one of the corpus, changed up to four times.</summary>
    public string Next()
    {
        var text = corpus[_random.Next(corpus.Length)];
        for (var change = _random.Next(5); change > 0 && text.Length > 0; change--)
        {
            text = Change(text);
        }

        return text;
    }

    private string Change(string text)
    {
        var at = _random.Next(text.Length);
        var end = Math.Min(text.Length, at + 1 + _random.Next(12));
        return _random.Next(8) switch
        {
            0 => text[..at] + (char)_random.Next(256) + text[(at + 1)..],
            1 => text[..at] + (char)_random.Next(256) + text[at..],
            2 => text[..at] + words[_random.Next(words.Length)] + text[at..],
            3 => text[..at] + words[_random.Next(words.Length)] + text[end..],
            4 => text[..at] + text[end..],
            5 => text[..end] + text[at..],
            6 => text[..at] + (char)(text[at] ^ 0x20) + text[(at + 1)..],
            _ => text[..at] + corpus[_random.Next(corpus.Length)][..^_random.Next(3)],
        };
    }
}
