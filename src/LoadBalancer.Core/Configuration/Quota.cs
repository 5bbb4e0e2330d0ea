namespace LoadBalancer.Configuration;

/// <summary>At most so many in a calendar period: the file's <c>50000/month</c>.</summary>
/// <param name="Count">How many, at least 1.</param>
/// <param name="Period">The period, in UTC: it begins at a date, and not when somebody comes.</param>
public readonly record struct Quota(long Count, QuotaPeriod Period);
