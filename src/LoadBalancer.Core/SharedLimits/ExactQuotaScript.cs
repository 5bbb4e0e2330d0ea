using LoadBalancer.Redis;

namespace LoadBalancer.SharedLimits;

/// <summary>A quota of a calendar period in the store: kept is the period, by the day since 1970 that it begins with, and how much of it is used.</summary>
/// <remarks>
/// The key; the quota's count, <c>day</c> or <c>month</c>, nothing, the cost. A negative cost is given back. The answer is that of
/// <see cref="ExactLimit"/>. The store's clock says which period it is; one that was set back into the period before does not give that one again. A kept
/// period that is further ahead is not believed: a clock that was wrong once would shut a caller out until then.
/// </remarks>
internal static class ExactQuotaScript
{
    /// <summary>The function <c>quota</c>, of which <see cref="ExactScripts"/> are made.</summary>
    public const string Function = PeriodFunctions.Lua + """
        local function quota(key, count, kind, burst, cost, now)
          local today = math.floor(now / 86400000000)

          local from, used = beginning(kind, today), 0
          local kept = redis.call('HMGET', key, 'period', 'used')
          if kept[1] and tonumber(kept[1]) >= from and tonumber(kept[1]) <= ending(kind, from) then
            from, used = tonumber(kept[1]), tonumber(kept[2])
          end

          local to = ending(kind, from)
          local reset = to * 86400000000 - now
          local allowed = used + cost <= count
          if allowed then
            used = math.max(0, used + cost)
            redis.call('HSET', key, 'period', from, 'used', string.format('%.0f', used))
            redis.call('PEXPIREAT', key, to * 86400000 + 1000)
          end
          return {allowed and 1 or 0, math.max(0, count - used), allowed and 0 or reset, used > 0 and reset or 0}
        end

        """;

    /// <summary>The script.</summary>
    public static RedisScript Script { get; } = ExactScripts.Of(Function, "quota");
}
