namespace LoadBalancer.Configuration;

/// <summary>
/// A record of options that states its keys once, in <see cref="Shape"/>. The loader, the defaults, the schema, the
/// reference and the "did you mean" are all read from there, so that none of them can disagree with another.
/// </summary>
/// <typeparam name="TSelf">The record itself.</typeparam>
public interface IConfigurable<TSelf>
    where TSelf : IConfigurable<TSelf>
{
    /// <summary>The record's keys, and how each reads into it.</summary>
    static abstract Shape<TSelf> Shape { get; }

    /// <summary>The record's name in the schema and the reference.</summary>
    static virtual string Name => TSelf.Shape.Name;

    /// <summary>The record that <paramref name="node"/> describes; what is wrong with it is in <paramref name="reader"/>.</summary>
    static virtual TSelf Parse(ConfigNode node, ConfigReader reader) => Kinds.Record<TSelf>().Read(node, TSelf.Shape.Blank(), reader);
}
