using System.Text.Json.Nodes;

namespace LoadBalancer.Configuration;

/// <summary>What a key's value may be, as the printers see it: schema, reference, errors.</summary>
public abstract class Kind
{
    /// <summary>What is expected, with its range: <c>a duration from 1ms to 1h</c>.</summary>
    public abstract string Noun { get; }

    /// <summary>One valid value; empty where the noun says it all.</summary>
    public abstract string Example { get; }

    /// <summary>What an error says after "expects".</summary>
    public string Expected => Example.Length == 0 ? Noun : $"{Noun} such as {Example}";

    /// <summary>The record inside, for what has keys of its own; null for plain values.</summary>
    public virtual Shape? Nested => null;

    /// <summary>What stands between this key and the nested record's keys: <c>.NAME</c> for a map by name.</summary>
    public virtual string NestedPath => "";

    /// <summary>True where its text may hold variables of a request.</summary>
    public virtual bool IsTemplate => false;

    /// <summary>True where a list is one of its forms.</summary>
    public virtual bool ReadsLists => false;

    /// <summary>JSON Schema (2020-12) of what <see cref="Kind{T}"/> reads.</summary>
    /// <param name="definitions">Takes the schemas of records, which are stated once and referred to.</param>
    public abstract JsonObject ToSchema(SchemaDefinitions definitions);

    /// <summary>What to write instead of <paramref name="text"/>, for the usual mistakes; null where there is no advice.</summary>
    public virtual string? Advice(string text) => null;
}
