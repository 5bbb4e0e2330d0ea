namespace LoadBalancer.Daemon.Reloading;

/// <summary>
/// Fisher's exact test, one-sided: how likely it is that so many of the second group are marked, if marks fall on both groups alike (R. A.
/// Fisher, The Design of Experiments, 1935). Exact for small counts too, where a test by the normal distribution calls chance a difference.
/// </summary>
internal static class ChanceTest
{
    private const double Negligible = 1e-12;

    /// <summary>The probability of at least <paramref name="marked"/> in a group of <paramref name="size"/>, given the other group and the marks of both.</summary>
    public static double OfAtLeast(long otherMarked, long otherSize, long marked, long size)
    {
        var (all, marks) = (otherSize + size, otherMarked + marked);
        var term = Math.Exp(Choices(marks, marked) + Choices(all - marks, size - marked) - Choices(all, size));
        var sum = term;
        for (var more = marked; more < Math.Min(marks, size) && term > sum * Negligible; more++)
        {
            term *= (double)(marks - more) * (size - more) / ((more + 1.0) * (all - marks - size + more + 1));
            sum += term;
        }

        return Math.Min(1, sum);
    }

    private static double Choices(long of, long take) => LogFactorial(of) - LogFactorial(take) - LogFactorial(of - take);

    // Stirling's series; below ten the product itself.
    private static double LogFactorial(long number)
    {
        if (number < 10)
        {
            var product = 1.0;
            for (var factor = 2; factor <= number; factor++)
            {
                product *= factor;
            }

            return Math.Log(product);
        }

        double n = number;
        return (n * Math.Log(n)) - n + (0.5 * Math.Log(2 * Math.PI * n)) + (1 / (12 * n)) - (1 / (360 * n * n * n)) + (1 / (1260 * Math.Pow(n, 5)));
    }
}
