namespace LoadBalancer.Discovery.Dns;

/// <summary>When a name is looked up next: pure arithmetic.</summary>
/// <param name="MinInterval">The least time between two lookups.</param>
internal readonly record struct LookupPace(TimeSpan MinInterval)
{
    /// <summary>However long an answer is said to be true, it is asked for again after this: a record that was wrong for a day is not used for a day.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);

    /// <summary>However often it failed, and however long there is said to be nothing, it is tried again after this.</summary>
    public static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(30);

    /// <summary>Up to this share is added to each, so that instances that started together do not ask together.</summary>
    public const double Jitter = 0.1;

    /// <summary>After a whole answer: its lifetime, within bounds.</summary>
    public TimeSpan AfterAnswer(TimeSpan? ttl) => Within(ttl ?? MinInterval, Longest);

    /// <summary>After an answer that there is nothing: for as long as the zone says so, within narrower bounds.</summary>
    /// <param name="ttl">What the zone says; null where it does not.</param>
    /// <param name="failures">How many lookups in a row found no whole set, this one included; 1 or more.</param>
    public TimeSpan AfterNothing(TimeSpan? ttl, int failures) => ttl is { } said ? Within(said, LongestRetry) : AfterFailure(failures);

    /// <summary>After a failure: twice as long after each.</summary>
    /// <param name="failures">How many lookups in a row found no whole set, this one included; 1 or more.</param>
    public TimeSpan AfterFailure(int failures) => Within(MinInterval * Math.Pow(2, Math.Min(failures - 1, 20)), LongestRetry);

    private TimeSpan Within(TimeSpan wanted, TimeSpan most)
    {
        var bounded = wanted < most ? wanted : most;
        return bounded > MinInterval ? bounded : MinInterval;
    }
}
