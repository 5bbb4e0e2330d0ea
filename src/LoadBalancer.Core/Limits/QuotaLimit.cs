using System.Collections.Concurrent;
using LoadBalancer.Configuration;

namespace LoadBalancer.Limits;

/// <summary>A quota that is counted in this process.</summary>
/// <param name="spec">The limit, of which the rule is a quota.</param>
/// <param name="time">The clock of dates.</param>
internal sealed class QuotaLimit(LimitSpec spec, TimeProvider time) : KeyedLimit(spec)
{
    private readonly ConcurrentDictionary<ulong, long> _used = [];
    private DateTimeOffset _until = DateTimeOffset.MinValue;

    /// <inheritdoc/>
    public override long Keys => _used.Count;

    private Quota Quota => Spec.Rule.Quota!.Value;

    /// <inheritdoc/>
    public override ValueTask<LimitAnswer> TakeAsync(in LimitKey key, int cost)
    {
        var answer = Peek(key, cost);
        if (answer.Allowed)
        {
            _used.AddOrUpdate(key.Number, static (_, more) => more, static (_, used, more) => used + more, (long)cost);
            answer = answer with { Remaining = answer.Remaining - cost };
        }

        return new(answer);
    }

    /// <inheritdoc/>
    public override LimitAnswer Peek(in LimitKey key, int cost)
    {
        var now = time.GetUtcNow();
        if (now >= _until)
        {
            var day = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero);
            _until = Quota.Period == QuotaPeriod.Day ? day.AddDays(1) : day.AddDays(1 - day.Day).AddMonths(1);
            _used.Clear();
        }

        var left = Quota.Count - _used.GetValueOrDefault(key.Number);
        return new LimitAnswer(left >= cost, Math.Max(0, left), left >= cost ? TimeSpan.Zero : _until - now, _until - now);
    }

    /// <inheritdoc/>
    public override void Return(in LimitKey key, int cost) => _used.AddOrUpdate(key.Number, static (_, _) => 0, static (_, used, back) => used - back, (long)cost);
}
