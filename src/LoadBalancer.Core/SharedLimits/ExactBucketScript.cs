using LoadBalancer.Redis;

namespace LoadBalancer.SharedLimits;

/// <summary>
/// A token bucket in the store: kept is when it will be full again, in whole microseconds and a rest in parts of the rate's count, so that nothing is
/// lost to rounding (the generic cell rate algorithm, ITU-T I.371).
/// </summary>
/// <remarks>
/// The key; the rate's count, its window in microseconds, the burst, the cost. A negative cost is given back. The answer is that of <see cref="ExactLimit"/>.
/// A clock of the store that was set back costs a caller no more than the whole bucket.
/// </remarks>
internal static class ExactBucketScript
{
    /// <summary>The function <c>bucket</c>, of which <see cref="ExactScripts"/> are made.</summary>
    public const string Function = """
        local function bucket(key, count, window, burst, cost, now)
          local full, part = now, 0
          local kept = redis.call('GET', key)
          if kept then
            local whole, rest = string.match(kept, '^(%d+) (%d+)$')
            full, part = tonumber(whole), tonumber(rest)
            local most = now + math.floor(window * burst / count)
            if full < now then full, part = now, 0 elseif full > most then full, part = most, 0 end
          end

          local missing = (full - now) * count + part
          local allowed = missing <= window * (burst - cost)
          local wait = 0
          if allowed then
            part = part + window * cost
            local earned = math.floor(part / count)
            full, part = full + earned, part - earned * count
            missing = math.max(0, (full - now) * count + part)
            if full > now then
              redis.call('SET', key, string.format('%.0f %.0f', full, part), 'PX', math.ceil((full - now) / 1000) + 1)
            else
              redis.call('DEL', key)
            end
          elseif cost > burst then
            wait = window
          else
            wait = math.ceil((missing - window * (burst - cost)) / count)
          end
          return {allowed and 1 or 0, math.max(0, math.floor((window * burst - missing) / window)), wait, math.ceil(missing / count)}
        end

        """;

    /// <summary>The script.</summary>
    public static RedisScript Script { get; } = ExactScripts.Of(Function, "bucket");
}
