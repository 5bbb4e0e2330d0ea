using LoadBalancer.Redis;

namespace LoadBalancer.SharedLimits;

/// <summary>
/// A token bucket of which some is leased. Kept is how much is missing in it at a time: at most, whenever the leased tokens will be used.
/// </summary>
/// <remarks>
/// A token that is used later leaves more missing than one that is used now, because a full bucket earns nothing meanwhile. So a lease is charged as
/// of its end: what the bucket would earn until then counts as missing first. <c>full</c> is when that happened, or the bucket was full, last: what was
/// charged before and comes back is no longer missing.
/// <para>Arguments: the rate's count, its window in microseconds, the burst; then those of <see cref="LeaseRequest"/> after the length of a lease in
/// microseconds. The answer is a <see cref="LeaseReply"/>.</para>
/// </remarks>
internal static class LeasedBucketScript
{
    /// <summary>The script.</summary>
    public static RedisScript Script { get; } = new(keys: 1, """
        local time = redis.call('TIME')
        local now = time[1] * 1000000 + time[2]
        local rate, burst, lease = ARGV[1] / ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
        local cost, want, back, mark = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])

        local kept = redis.call('HMGET', KEYS[1], 'missing', 'at', 'full')
        local missing, at, full = tonumber(kept[1]) or 0, tonumber(kept[2]) or now, tonumber(kept[3]) or now
        missing = missing - math.max(0, now - at) * rate
        if missing <= 0 then missing = 0; full = now end
        if back > 0 and full <= mark then missing = math.max(0, missing - back) end

        local granted, wait = -1, 0
        if missing + cost <= burst + 1e-6 then
          missing = missing + cost
          local held = math.max(missing, rate * lease)
          granted = math.max(0, math.min(want, math.floor((burst - held) / 8)))
          if granted > 0 then
            if held > missing then full = now end
            missing = held + granted
          end
        else
          wait = math.ceil((missing + cost - burst) / rate)
        end

        local reset = math.ceil(missing / rate)
        if missing > 0 then
          redis.call('HSET', KEYS[1], 'missing', string.format('%.17g', missing), 'at', string.format('%.0f', now), 'full', string.format('%.0f', full))
          redis.call('PEXPIRE', KEYS[1], math.ceil(reset / 1000) + 1000)
        else
          redis.call('DEL', KEYS[1])
        end
        return {granted, math.max(0, math.floor(burst - missing + 1e-6)), wait, reset, lease, now}
        """);
}
