using System.Numerics;

namespace LoadBalancer.Addresses;

/// <summary>Ranges of one family's addresses as numbers, sorted, joined where they overlap or touch. Immutable.</summary>
internal sealed class AddressRanges<T>
    where T : struct, IBinaryInteger<T>, IMinMaxValue<T>
{
    private readonly T[] _first;
    private readonly T[] _last;

    /// <summary>The union of <paramref name="ranges"/>, both ends of each included.</summary>
    public AddressRanges(List<(T First, T Last)> ranges)
    {
        ranges.Sort();
        var (first, last) = (new List<T>(), new List<T>());
        foreach (var range in ranges)
        {
            if (last.Count > 0 && (last[^1] == T.MaxValue || range.First <= last[^1] + T.One))
            {
                last[^1] = T.Max(last[^1], range.Last);
            }
            else
            {
                first.Add(range.First);
                last.Add(range.Last);
            }
        }

        _first = [.. first];
        _last = [.. last];
    }

    /// <summary>True where there is no range.</summary>
    public bool IsEmpty => _first.Length == 0;

    /// <summary>True where one of the ranges has <paramref name="address"/>.</summary>
    public bool Contains(T address) => Contains(address, address);

    /// <summary>True where the ranges have every address from <paramref name="first"/> to <paramref name="last"/>.</summary>
    public bool Contains(T first, T last)
    {
        // The last range that begins at or before the first is the only one that can have it, and no two touch.
        var (low, high) = (0, _first.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_first[middle] <= first)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low > 0 && last <= _last[low - 1];
    }
}
