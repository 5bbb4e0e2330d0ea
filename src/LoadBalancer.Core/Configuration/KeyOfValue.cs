using System.Text.Json.Nodes;

namespace LoadBalancer.Configuration;

/// <summary>One key whose value is a <typeparamref name="TValue"/>.</summary>
/// <param name="name">The word in the file.</param>
/// <param name="doc">What it means.</param>
/// <param name="presence">Whether it may be left out.</param>
/// <param name="blank">A record with the defaults.</param>
/// <param name="kind">What the value may be, given the keys that were read before.</param>
/// <param name="get">The value in a record: for the default, and for what a map overrides.</param>
/// <param name="set">A record with another value.</param>
internal sealed class KeyOfValue<TOwner, TValue>(
    string name, string doc, Presence presence, Func<TOwner> blank, Func<TOwner, Kind<TValue>> kind, Func<TOwner, TValue> get, Func<TOwner, TValue, TOwner> set)
    : Key<TOwner>(name, doc, presence)
{
    /// <inheritdoc/>
    public override Kind Kind => kind(blank());

    /// <inheritdoc/>
    public override string? Default => IsRequired ? null : Print(blank());

    /// <inheritdoc/>
    public override JsonNode? DefaultJson => IsRequired ? null : kind(blank()).ToJson(get(blank()));

    /// <inheritdoc/>
    public override TOwner Read(TOwner owner, ConfigNode node, ConfigReader reader) => set(owner, kind(owner).Read(node, get(owner), reader));

    /// <inheritdoc/>
    public override string? Print(TOwner owner) => kind(owner).Print(get(owner));

    /// <inheritdoc/>
    public override string? Describe(TOwner owner) =>
        !IsRequired && EqualityComparer<TValue>.Default.Equals(get(owner), get(blank())) ? null : kind(owner).Describe(get(owner));

    /// <inheritdoc/>
    public override void Compare(TOwner before, TOwner after, string path, ICollection<OptionChange> changes) =>
        kind(after).Compare(get(before), get(after), path.Length == 0 ? Name : $"{path}.{Name}", changes);
}
