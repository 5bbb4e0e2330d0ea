using System.Globalization;

namespace LoadBalancer.Configuration;

/// <summary>Whole numbers from one to another, both included: <c>200-299</c>, or one alone: <c>204</c>.</summary>
/// <param name="From">The first.</param>
/// <param name="To">The last, not below the first.</param>
public readonly record struct IntegerRange(int From, int To)
{
    /// <summary>True where <paramref name="number"/> is one of them.</summary>
    public bool Contains(int number) => number >= From && number <= To;

    /// <summary>The form of the file.</summary>
    public override string ToString() =>
        From == To ? From.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{From}-{To}");
}
