namespace LoadBalancer.Configuration;

/// <summary>A calendar period in UTC.</summary>
public enum QuotaPeriod
{
    /// <summary>From midnight to midnight.</summary>
    Day,

    /// <summary>From the first of a month to the first of the next.</summary>
    Month,
}
