using LoadBalancer.Configuration;
using LoadBalancer.Http.Server;
using LoadBalancer.Limits;

namespace LoadBalancer.Http.Usage;

/// <summary>
/// What callers use, by calendar month in UTC: of requests to routes that ask who calls (<c>auth</c>), and of no others. A request counts for the month
/// in which it ended. Thread-safe; <see cref="Count"/> is called on loops, takes no lock and allocates nothing for a caller that is known.
/// </summary>
/// <param name="time">The clock of months.</param>
internal sealed class UsageTable(TimeProvider time)
{
    private UsageMonth _month = new(CalendarPeriod.Of(QuotaPeriod.Month, time.GetUtcNow()), time.GetUtcNow());
    private volatile bool _isOn = true;

    /// <summary>False where nothing is to be counted.</summary>
    public bool IsOn
    {
        get => _isOn;
        set => _isOn = value;
    }

    /// <summary>The month that is under way. One that is over is let go: whoever keeps months has to ask in time.</summary>
    public UsageMonth Current
    {
        get
        {
            var now = time.GetUtcNow();
            var month = Volatile.Read(ref _month);
            if (month.Covers(now))
            {
                return month;
            }

            var begun = CalendarPeriod.Of(QuotaPeriod.Month, now);
            var next = new UsageMonth(begun, begun.Begins);
            var seen = Interlocked.CompareExchange(ref _month, next, month);
            if (seen != month)
            {
                return seen;
            }

            OnOver(month);
            return next;
        }
    }

    /// <summary>Is told of a month that is over, once, on whatever thread has found it out: it must not wait. A request that ends at that moment may still be added to it.</summary>
    public Action<UsageMonth> OnOver { get; set; } = static _ => { };

    /// <summary>Counts an exchange that has ended, of which nothing is forgotten yet.</summary>
    public void Count(Exchange exchange)
    {
        if (!_isOn || exchange.Route is not { Policies.Options.Auth: not null })
        {
            return;
        }

        var month = Current;
        CallerUsage usage;
        if (exchange.Identity is not { } identity)
        {
            usage = month.Of(CallerName.Anonymous);
        }
        else if (identity.Usage is { } known && known.Month == month)
        {
            usage = known;
        }
        else
        {
            usage = identity.Usage = month.Of(new CallerName(identity.Provider, identity.Subject, identity.Plan));
        }

        usage.Count(exchange.Fault.Kind, exchange.ReceivedBytes, exchange.SentBytes);
        month.Change();
    }
}
