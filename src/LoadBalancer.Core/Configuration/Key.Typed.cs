namespace LoadBalancer.Configuration;

/// <summary>One key of the record <typeparamref name="TOwner"/>, and how it reads into it.</summary>
/// <param name="name">The word in the file.</param>
/// <param name="doc">What it means.</param>
/// <param name="presence">Whether it may be left out.</param>
public abstract class Key<TOwner>(string name, string doc, Presence presence) : Key(name, doc, presence)
{
    /// <summary><paramref name="owner"/> with the key's value taken from <paramref name="node"/>.</summary>
    public abstract TOwner Read(TOwner owner, ConfigNode node, ConfigReader reader);

    /// <summary>The key's value in <paramref name="owner"/> as the file would have it; null for a record.</summary>
    public abstract string? Print(TOwner owner);

    /// <summary>The key's value in <paramref name="owner"/> on one line, a record too; null where that is the default.</summary>
    public abstract string? Describe(TOwner owner);

    /// <summary>Says in which keys below this one two records differ; see <see cref="Kind{T}.Compare"/>.</summary>
    public abstract void Compare(TOwner before, TOwner after, string path, ICollection<OptionChange> changes);
}
