using System.Text.Json.Nodes;

namespace LoadBalancer.Configuration;

/// <summary>One key of a record, as the printers see it.</summary>
/// <param name="name">The word in the file.</param>
/// <param name="doc">What it means, one or two sentences in Markdown.</param>
/// <param name="presence">Whether it may be left out.</param>
public abstract class Key(string name, string doc, Presence presence)
{
    /// <summary>The word in the file.</summary>
    public string Name => name;

    /// <summary>What it means, one or two sentences in Markdown.</summary>
    public string Doc => doc;

    /// <summary>True where leaving it out is an error.</summary>
    public bool IsRequired => presence == Presence.Required;

    /// <summary>What its value may be.</summary>
    public abstract Kind Kind { get; }

    /// <summary>The default as the file would have it; null for a required key and for a record.</summary>
    public abstract string? Default { get; }

    /// <summary>The default in the schema; null for a required key and for a record.</summary>
    public abstract JsonNode? DefaultJson { get; }
}
