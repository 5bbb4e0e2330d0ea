namespace LoadBalancer.Configuration;

/// <summary>A value that is text. Whether that is a number, a duration or a name is up to the key that reads it.</summary>
/// <param name="span">Where it starts.</param>
/// <param name="label">The key that it stands under.</param>
/// <param name="written">The text as the file has it, references such as <c>${env:NAME}</c> not replaced.</param>
/// <param name="quoted">True where it was written in quotes or as a block.</param>
public sealed class ScalarNode(SourceSpan span, string label, string written, bool quoted = false) : ConfigNode(span, label)
{
    private const int LongestQuote = 80;

    /// <summary>The text as the file has it: all that an error may quote, because what a reference stands for may be a secret.</summary>
    public string Written => written;

    /// <summary>True for a key with nothing behind its colon.</summary>
    public bool IsEmpty => !quoted && written.Length == 0;

    /// <inheritdoc/>
    public override string Found => IsEmpty ? "nothing" : Quote(written);

    /// <summary>Text in single quotes, fit for one line of a terminal or a log.</summary>
    public static string Quote(string text) => $"'{Clean(text)}'";

    /// <summary>Text fit for one line of a terminal or a log: cut when long, control characters shown as <c>?</c>.</summary>
    public static string Clean(string text)
    {
        var cut = text.Length > LongestQuote ? string.Concat(text.AsSpan(0, LongestQuote), "…") : text;
        return string.Concat(cut.Select(letter => char.IsControl(letter) || char.IsSurrogate(letter) ? '?' : letter));
    }
}
