using System.Text.Json.Nodes;

namespace LoadBalancer.Configuration;

/// <summary>A key of a part, as a key of the record that has the part: several records hold the same keys so, each stated once.</summary>
/// <param name="key">The part's key.</param>
/// <param name="get">The part of a record.</param>
/// <param name="set">A record with another part.</param>
internal sealed class KeyOfPart<TOwner, TPart>(Key<TPart> key, Func<TOwner, TPart> get, Func<TOwner, TPart, TOwner> set)
    : Key<TOwner>(key.Name, key.Doc, key.IsRequired ? Presence.Required : Presence.Optional)
{
    /// <inheritdoc/>
    public override Kind Kind => key.Kind;

    /// <inheritdoc/>
    public override string? Default => key.Default;

    /// <inheritdoc/>
    public override JsonNode? DefaultJson => key.DefaultJson;

    /// <inheritdoc/>
    public override TOwner Read(TOwner owner, ConfigNode node, ConfigReader reader) => set(owner, key.Read(get(owner), node, reader));

    /// <inheritdoc/>
    public override string? Print(TOwner owner) => key.Print(get(owner));

    /// <inheritdoc/>
    public override string? Describe(TOwner owner) => key.Describe(get(owner));

    /// <inheritdoc/>
    public override void Compare(TOwner before, TOwner after, string path, ICollection<OptionChange> changes) => key.Compare(get(before), get(after), path, changes);
}
