using LoadBalancer.Redis;

namespace LoadBalancer.SharedLimits;

/// <summary>
/// A quota of a calendar period of which some is leased. Kept is the period, by the day that it begins with, and how much of it is used or leased.
/// </summary>
/// <remarks>
/// No lease goes on into the next period. A clock of the store that is set back into the period before does not give that one again. A kept period that is
/// further ahead is not believed: a clock that was wrong once would shut a caller out until then.
/// <para>Arguments: the quota's count, <c>day</c> or <c>month</c>, nothing; then those of <see cref="LeaseRequest"/> after the length of a lease in
/// microseconds. The answer is a <see cref="LeaseReply"/>.</para>
/// </remarks>
internal static class LeasedQuotaScript
{
    /// <summary>The script.</summary>
    public static RedisScript Script { get; } = new(keys: 1, PeriodFunctions.Lua + """
        local time = redis.call('TIME')
        local now = time[1] * 1000000 + time[2]
        local count, lease = tonumber(ARGV[1]), tonumber(ARGV[4])
        local cost, want, back, mark = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
        local day = 86400000000

        local from = beginning(ARGV[2], math.floor(now / day))
        local to = ending(ARGV[2], from)

        local kept = redis.call('HMGET', KEYS[1], 'period', 'used')
        local period, used = tonumber(kept[1]) or from, tonumber(kept[2]) or 0
        if period < from or period > to then
          used = 0
        elseif period > from then
          from, to = period, ending(ARGV[2], period)
        end
        if back > 0 and mark >= from * day and mark < to * day then used = math.max(0, used - back) end

        local reset = to * day - now
        local granted, wait = -1, 0
        if used + cost <= count then
          granted = math.max(0, math.min(want, math.floor((count - used - cost) / 8)))
          used = used + cost + granted
        else
          wait = reset
        end
        redis.call('HSET', KEYS[1], 'period', from, 'used', string.format('%.0f', used))
        redis.call('PEXPIREAT', KEYS[1], to * 86400000 + 1000)
        return {granted, math.max(0, count - used), wait, used > 0 and reset or 0, math.min(lease, reset), now}
        """);
}
