using System.Globalization;

namespace LoadBalancer.Configuration;

/// <summary>One value of a configuration file before any key has read it: text, a list or a map, with its place. Immutable.</summary>
/// <param name="span">Where it starts.</param>
/// <param name="label">The key that it stands under, as errors call it; empty for the whole file. Items carry their list's.</param>
public abstract class ConfigNode(SourceSpan span, string label)
{
    /// <summary>Where it starts.</summary>
    public SourceSpan Span => span;

    /// <summary>The key that it stands under, as errors call it; empty for the whole file.</summary>
    public string Label => label;

    /// <summary>What it is, as an error says after "not": <c>'10 apples'</c>, <c>a list</c>.</summary>
    public abstract string Found { get; }

    /// <summary>
    /// The node at <paramref name="path"/> (keys, and indexes into lists), or the deepest one on the way to it. So an error
    /// about <c>tcp.upstream</c> finds its place also where the file has the short form <c>tcp: orders</c>.
    /// </summary>
    public ConfigNode Locate(params ReadOnlySpan<string> path)
    {
        var node = this;
        foreach (var step in path)
        {
            if (node.Child(step) is not { } child)
            {
                break;
            }

            node = child;
        }

        return node;
    }

    /// <summary>The item at <paramref name="index"/> of those that were read, or the list where it is not known which that is.</summary>
    /// <param name="index">Its place among those that were read.</param>
    /// <param name="count">How many were read: those with errors were left out, and then an index does not tell where an item stands.</param>
    public ConfigNode LocateItem(int index, int count) =>
        this is ListNode list && list.Items.Count == count ? Locate(index.ToString(CultureInfo.InvariantCulture)) : this;

    /// <summary>The value under a key or an index; null where there is none.</summary>
    protected virtual ConfigNode? Child(string step) => null;
}
