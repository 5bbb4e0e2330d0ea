using System.Text.Json.Nodes;

namespace LoadBalancer.Configuration;

/// <summary>What a key's value may be: reads a node, and prints a value so that it reads back equal. Immutable.</summary>
/// <typeparam name="T">The value in the options record.</typeparam>
public abstract class Kind<T> : Kind
{
    /// <summary>The value of <paramref name="node"/>, or <paramref name="start"/> where there is none; what is wrong goes to <paramref name="reader"/>.</summary>
    /// <param name="node">What the file has.</param>
    /// <param name="start">The value before: the default, whose keys a map overrides one by one.</param>
    /// <param name="reader">Takes the errors.</param>
    public T Read(ConfigNode node, T start, ConfigReader reader) => Attempt(node, start, reader, out var value) == ReadOutcome.Read ? value : start;

    /// <summary>As <see cref="Read"/>, and says whether there is a value; a mismatch was reported and is a failure.</summary>
    public ReadOutcome Attempt(ConfigNode node, T start, ConfigReader reader, out T value)
    {
        var outcome = TryRead(node, start, reader, out value);
        if (outcome != ReadOutcome.Mismatch)
        {
            return outcome;
        }

        var subject = node.Label.Length == 0 ? "the file" : ScalarNode.Quote(node.Label);
        // Advice is made of the text, which is only shown where it is the file's own and not what a reference stood for.
        var advice = node is ScalarNode { IsEmpty: false } scalar && reader.Text(scalar) == scalar.Written && Advice(scalar.Written) is { } words ? $"; {words}" : "";
        reader.Error(node.Span, $"{subject} expects {Expected}, not {node.Found}{advice}");
        return ReadOutcome.Failed;
    }

    /// <summary>The value as the file would have it; null for a record, whose keys speak for themselves.</summary>
    public abstract string? Print(T value);

    /// <summary>The value as the file would have it, a record too: on one line, for people.</summary>
    public virtual string Describe(T value) => Print(value) ?? "none";

    /// <summary>Says in which keys two values differ.</summary>
    /// <param name="before">The value before.</param>
    /// <param name="after">The value after.</param>
    /// <param name="path">The keys that lead to it, with dots between them.</param>
    /// <param name="changes">Takes the differences.</param>
    public virtual void Compare(T before, T after, string path, ICollection<OptionChange> changes)
    {
        if (!EqualityComparer<T>.Default.Equals(before, after))
        {
            changes.Add(new OptionChange(path, Describe(before), Describe(after)));
        }
    }

    /// <summary>The value in the schema; by default its text.</summary>
    public virtual JsonNode? ToJson(T value) => Print(value) is { } text ? JsonValue.Create(text) : null;

    /// <summary>Reads <paramref name="node"/>, reporting what is wrong inside it, but not that it is of another kind.</summary>
    protected internal abstract ReadOutcome TryRead(ConfigNode node, T start, ConfigReader reader, out T value);
}
