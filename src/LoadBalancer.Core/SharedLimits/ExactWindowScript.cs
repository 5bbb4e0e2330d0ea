using LoadBalancer.Redis;

namespace LoadBalancer.SharedLimits;

/// <summary>A sliding window in the store: kept is the time of each of the last ones, so that it is exact. For at most <see cref="MostCount"/>.</summary>
/// <remarks>
/// The key; the rate's count, its window in microseconds, nothing, the cost. A negative cost is given back: the newest go. The answer is that of
/// <see cref="ExactLimit"/>. What a clock of the store that was set back makes come later than now, came now at the latest: nobody is shut out for more than the window.
/// </remarks>
internal static class ExactWindowScript
{
    /// <summary>The largest count that it is for: ten bytes each.</summary>
    public const int MostCount = 1000;

    /// <summary>The function <c>window</c>, of which <see cref="ExactScripts"/> are made.</summary>
    public const string Function = """
        local function window(key, count, window, burst, cost, now)
          local length, later = redis.call('LLEN', key), 0
          while later < length and tonumber(redis.call('LINDEX', key, -1)) > now do
            redis.call('RPOP', key)
            later = later + 1
          end
          if later > 0 then
            local times = {}
            for i = 1, later do times[i] = string.format('%.0f', now) end
            redis.call('RPUSH', key, unpack(times))
            redis.call('PEXPIRE', key, math.ceil(window / 1000) + 1)
          end
          while length > 0 and redis.call('LINDEX', key, 0) + window <= now do
            redis.call('LPOP', key)
            length = length - 1
          end

          local allowed = length + cost <= count
          local wait = 0
          if allowed and cost > 0 then
            local times = {}
            for i = 1, cost do times[i] = string.format('%.0f', now) end
            redis.call('RPUSH', key, unpack(times))
            redis.call('PEXPIRE', key, math.ceil(window / 1000) + 1)
            length = length + cost
          elseif allowed then
            while cost < 0 and length > 0 do
              redis.call('RPOP', key)
              length, cost = length - 1, cost + 1
            end
          elseif cost > count then
            wait = window
          else
            wait = redis.call('LINDEX', key, length + cost - count - 1) + window - now
          end

          local reset = length > 0 and redis.call('LINDEX', key, -1) + window - now or 0
          return {allowed and 1 or 0, math.max(0, count - length), wait, reset}
        end

        """;

    /// <summary>The script.</summary>
    public static RedisScript Script { get; } = ExactScripts.Of(Function, "window");
}
