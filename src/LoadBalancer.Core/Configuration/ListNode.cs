using System.Globalization;

namespace LoadBalancer.Configuration;

/// <summary>A value that is a list.</summary>
/// <param name="span">Where it starts.</param>
/// <param name="label">The key that it stands under.</param>
/// <param name="items">Its items in order.</param>
public sealed class ListNode(SourceSpan span, string label, IReadOnlyList<ConfigNode> items) : ConfigNode(span, label)
{
    /// <summary>The items in order.</summary>
    public IReadOnlyList<ConfigNode> Items => items;

    /// <inheritdoc/>
    public override string Found => "a list";

    /// <inheritdoc/>
    protected override ConfigNode? Child(string step) =>
        int.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < items.Count ? items[index] : null;
}
