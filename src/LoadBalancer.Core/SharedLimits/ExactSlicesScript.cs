using LoadBalancer.Redis;

namespace LoadBalancer.SharedLimits;

/// <summary>
/// A sliding window in the store, for many: kept is how many came in each 64th of it. What counts is the slice under way and 64 before it, so never
/// more than the limit is in any window, and what is free again comes up to a slice late.
/// </summary>
/// <remarks>
/// The key; the rate's count, its window in microseconds, nothing, the cost. A negative cost is given back: the newest go. The answer is that of
/// <see cref="ExactLimit"/>. What a clock of the store that was set back makes lie ahead, is in the slice under way: nobody is shut out for more than the window.
/// </remarks>
internal static class ExactSlicesScript
{
    /// <summary>The function <c>slices</c>, of which <see cref="ExactScripts"/> are made.</summary>
    public const string Function = """
        local function slices(key, count, window, burst, cost, now)
          local slices = 64
          local length = math.ceil(window / slices)
          local current = math.floor(now / length)
          local function name(slice) return string.format('%.0f', slice) end

          local kept, counts, numbers, sum, gone, later = redis.call('HGETALL', key), {}, {}, 0, {}, 0
          for i = 1, #kept, 2 do
            local slice = tonumber(kept[i])
            if slice + slices < current then
              gone[#gone + 1] = kept[i]
            elseif slice > current then
              gone[#gone + 1] = kept[i]
              later = later + tonumber(kept[i + 1])
            else
              numbers[#numbers + 1] = slice
              counts[slice] = tonumber(kept[i + 1])
              sum = sum + counts[slice]
            end
          end
          if #gone > 0 then redis.call('HDEL', key, unpack(gone)) end
          if later > 0 then
            redis.call('HINCRBY', key, name(current), later)
            redis.call('PEXPIRE', key, math.ceil((window + 2 * length) / 1000))
            if not counts[current] then numbers[#numbers + 1] = current end
            counts[current] = (counts[current] or 0) + later
            sum = sum + later
          end
          table.sort(numbers)

          local allowed = sum + cost <= count
          local wait = 0
          if allowed and cost > 0 then
            redis.call('HINCRBY', key, name(current), cost)
            redis.call('PEXPIRE', key, math.ceil((window + 2 * length) / 1000))
            sum = sum + cost
            if numbers[#numbers] ~= current then numbers[#numbers + 1] = current end
          elseif allowed then
            while cost < 0 and #numbers > 0 do
              local last = numbers[#numbers]
              local taken = math.min(-cost, counts[last])
              sum, cost, counts[last] = sum - taken, cost + taken, counts[last] - taken
              if counts[last] > 0 then
                redis.call('HSET', key, name(last), counts[last])
              else
                redis.call('HDEL', key, name(last))
                numbers[#numbers] = nil
              end
            end
          elseif cost > count then
            wait = window
          else
            local left = sum
            for i = 1, #numbers do
              if left + cost > count then
                left = left - counts[numbers[i]]
                wait = (numbers[i] + slices + 1) * length - now
              end
            end
          end

          local reset = #numbers > 0 and (numbers[#numbers] + slices + 1) * length - now or 0
          return {allowed and 1 or 0, math.max(0, count - sum), wait, reset}
        end

        """;

    /// <summary>The script.</summary>
    public static RedisScript Script { get; } = ExactScripts.Of(Function, "slices");
}
