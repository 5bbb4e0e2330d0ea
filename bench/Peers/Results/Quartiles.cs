namespace LoadBalancer.Peers.Results;

/// <summary>The median of some values and the middle half around it.</summary>
internal sealed record Quartiles(double Low, double Median, double High)
{
    /// <summary>Linear between neighbours; null where there are no values.</summary>
    public static Quartiles? Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length == 0 ? null : new Quartiles(At(0.25), At(0.5), At(0.75));

        double At(double share)
        {
            var place = share * (sorted.Length - 1);
            var below = (int)place;
            var above = Math.Min(below + 1, sorted.Length - 1);
            return sorted[below] + ((place - below) * (sorted[above] - sorted[below]));
        }
    }
}
