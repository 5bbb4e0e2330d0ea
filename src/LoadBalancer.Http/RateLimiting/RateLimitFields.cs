using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.RateLimiting;

/// <summary>
/// Tells clients of limits in the fields of draft-ietf-httpapi-ratelimit-headers-10: RateLimit-Policy has every limit that was asked, RateLimit the one that refused, or
/// that is nearest to its end. They take the place of an endpoint's own, which knows its own limits only: a client could not tell one from the other.
/// </summary>
internal static class RateLimitFields
{
    private static ReadOnlySpan<byte> PolicyName => "RateLimit-Policy"u8;

    private static ReadOnlySpan<byte> Name => "RateLimit"u8;

    /// <summary>Writes them, where a limit was asked.</summary>
    public static void Write(HeaderList fields, ReadOnlySpan<LimitCharges.Charge> charges)
    {
        if (charges.IsEmpty)
        {
            return;
        }

        fields.Remove(PolicyName);
        fields.Remove(Name);
        var nearest = 0;
        fields.BeginField(PolicyName);
        for (var at = 0; at < charges.Length; at++)
        {
            fields.Append(at > 0 ? ", "u8 : default);
            fields.Append(charges[at].Tier.FieldPolicy);
            nearest = at > 0 && IsNearer(charges[at], charges[nearest]) ? at : nearest;
        }

        fields.EndField(KnownHeader.Other);
        ref readonly var told = ref charges[nearest];
        fields.BeginField(Name);
        fields.Append(told.Tier.FieldName);
        Append(fields, ";r="u8, told.Answer.Remaining);
        Append(fields, ";t="u8, Seconds(told.Answer.Reset));
        fields.EndField(KnownHeader.Other);
    }

    /// <summary>Whole seconds, rounded up, so that nobody comes too early.</summary>
    public static long Seconds(TimeSpan time) => Math.Max(0, (time.Ticks + TimeSpan.TicksPerSecond - 1) / TimeSpan.TicksPerSecond);

    private static bool IsNearer(in LimitCharges.Charge one, in LimitCharges.Charge other) =>
        one.Answer.Allowed != other.Answer.Allowed ? !one.Answer.Allowed : one.Answer.Remaining < other.Answer.Remaining;

    private static void Append(HeaderList fields, ReadOnlySpan<byte> what, long number)
    {
        Span<byte> digits = stackalloc byte[20];
        number.TryFormat(digits, out var length);
        fields.Append(what);
        fields.Append(digits[..length]);
    }
}
