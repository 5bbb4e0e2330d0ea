using LoadBalancer.Redis;

namespace LoadBalancer.SharedLimits;

/// <summary>
/// A sliding window of which some is leased. Kept is how many count until when, in steps of a 64th of the window.
/// </summary>
/// <remarks>
/// A token that is leased may be used until its lease ends and counts for a window from then, as if it were used last. Each end is rounded up
/// to the next step, so never more than the limit is in any window, and what is free again comes up to a step late. What comes back is taken from those that end
/// first, from the earliest end that it may have: never from one that ends later than its own. What a clock of the store that was set back makes end later than a
/// lease of now would, ends with that.
/// <para>Arguments: the rate's count, its window in microseconds, nothing; then those of <see cref="LeaseRequest"/> after the length of a lease in
/// microseconds. The answer is a <see cref="LeaseReply"/>.</para>
/// </remarks>
internal static class LeasedWindowScript
{
    /// <summary>The script.</summary>
    public static RedisScript Script { get; } = new(keys: 1, """
        local time = redis.call('TIME')
        local now = time[1] * 1000000 + time[2]
        local count, window, lease = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[4])
        local cost, want, back, mark = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
        local step = math.ceil(window / 64)
        local function ending(at) return math.ceil((at + window) / step) * step end
        local function name(at) return string.format('%.0f', at) end

        local latest = ending(now + lease)
        local kept, ends, counts, sum, gone, later = redis.call('HGETALL', KEYS[1]), {}, {}, 0, {}, 0
        for i = 1, #kept, 2 do
          local at = tonumber(kept[i])
          if at and at > latest then
            gone[#gone + 1] = kept[i]
            later = later + tonumber(kept[i + 1])
          elseif at and at > now then
            ends[#ends + 1] = at
            counts[at] = tonumber(kept[i + 1])
            sum = sum + counts[at]
          else
            gone[#gone + 1] = kept[i]
          end
        end
        if later > 0 then
          redis.call('HINCRBY', KEYS[1], name(latest), later)
          redis.call('PEXPIRE', KEYS[1], math.ceil((latest - now) / 1000) + 1000)
          if not counts[latest] then ends[#ends + 1] = latest end
          counts[latest] = (counts[latest] or 0) + later
          sum = sum + later
        end
        table.sort(ends)

        local first = ending(mark)
        for i = 1, #ends do
          local at = ends[i]
          if back > 0 and at >= first then
            local taken = math.min(back, counts[at])
            back, sum, counts[at] = back - taken, sum - taken, counts[at] - taken
            if counts[at] > 0 then
              redis.call('HSET', KEYS[1], name(at), name(counts[at]))
            else
              gone[#gone + 1] = name(at)
            end
          end
        end
        if #gone > 0 then redis.call('HDEL', KEYS[1], unpack(gone)) end

        local granted, wait, last = -1, 0, ends[#ends] or now
        if sum + cost <= count then
          granted = math.max(0, math.min(want, math.floor((count - sum - cost) / 8)))
          sum = sum + cost + granted
          if cost > 0 then
            local at = ending(now)
            redis.call('HINCRBY', KEYS[1], name(at), cost)
            last = math.max(last, at)
          end
          if granted > 0 then
            redis.call('HINCRBY', KEYS[1], name(latest), granted)
            last = math.max(last, latest)
          end
          redis.call('PEXPIRE', KEYS[1], math.ceil((last - now) / 1000) + 1000)
        else
          local free = count - sum
          for i = 1, #ends do
            if free < cost then
              free, wait = free + counts[ends[i]], ends[i] - now
            end
          end
          if free < cost then wait = window end
        end
        return {granted, math.max(0, count - sum), wait, last - now, lease, now}
        """);
}
