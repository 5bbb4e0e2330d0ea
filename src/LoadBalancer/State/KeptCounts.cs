// One file: reading, replacing, handing over and leaving are held together by what was added and what was given, and each is a few lines.
using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LoadBalancer.Http.Usage;
using LoadBalancer.Limits;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Daemon.State;

/// <summary>
/// Keeps what callers have used, of quotas and by months, in the state folder: read at start, written every few seconds where something was counted, and
/// whole at the end. A process that is killed loses what it counted since the last time. Thread-safe; it works on the thread pool.
/// </summary>
/// <remarks>
/// Files are replaced whole, and what is read is added to what is counted, whenever that is. So an upgrade loses nothing: the old process writes
/// everything when the new one is ready, which reads it before it accepts; what the old one still counts while it drains, it leaves in a file of its own,
/// which the new one adds within seconds (ADR 0025). No file is replaced by what it was not added to: a month may begin, or come again, at any time.
/// </remarks>
internal sealed class KeptCounts : IAsyncDisposable
{
    /// <summary>How often it is written where something was counted; longer where that takes more than a twentieth of it.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>The longest between two times that it is written, so that a machine which stood still for days meanwhile is not taken for a slow disk.</summary>
    public static readonly TimeSpan LongestInterval = TimeSpan.FromMinutes(5);

    /// <summary>How many months of usage are kept beside the present one.</summary>
    public const int MonthsKept = 13;

    private const int WorkShare = 20;
    private const string QuotaFile = "quotas.json";
    private const string UsagePrefix = "usage-";
    private const string LeftPrefix = "counts-";
    private const string Extension = ".json";

    private readonly StateFolder? _folder;
    private readonly QuotaTable _quotas;
    private readonly UsageTable _usage;
    private readonly TimeProvider _time;
    private readonly LogSink _log;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<UsageMonth> _over = new();
    private Task _running = Task.CompletedTask;
    private QuotaDocument? _givenQuotas;
    private Dictionary<UsageMonth, UsageDocument> _givenUsage = [];
    private bool _hasBegun;
    private bool _areQuotasWhole;
    private bool _fails;

    /// <summary>Keeps nothing yet.</summary>
    /// <param name="folder">The folder; null for none: then what is counted ends with the process.</param>
    /// <param name="quotas">What is used of quotas.</param>
    /// <param name="usage">What callers have used.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Told where the folder cannot be written.</param>
    public KeptCounts(StateFolder? folder, QuotaTable quotas, UsageTable usage, TimeProvider time, LogSink log)
    {
        (_folder, _quotas, _usage, _time, _log) = (folder, quotas, usage, time, log);
        _usage.OnOver = over =>
        {
            // Where nothing is kept, they are not to be many.
            if (_folder is null)
            {
                _over.Clear();
            }

            _over.Enqueue(over);
        };
    }

    /// <summary>True where anything outlives the process.</summary>
    public bool Keeps => _folder is not null;

    /// <summary>Adds what is kept, and keeps it from here on. Where another process is replaced: when that has written everything.</summary>
    public void Begin()
    {
        if (_folder is not { } folder)
        {
            return;
        }

        lock (_gate)
        {
            Try(() => JoinQuotas(folder));
            Try(() => Join(folder, _usage.Current));
        }

        _hasBegun = true;
        _running = Task.Run(RunAsync);
    }

    /// <summary>What callers have used in a month; null where nothing is known of it.</summary>
    public UsageDocument? Of(CalendarPeriod month)
    {
        lock (_gate)
        {
            var current = _usage.Current;
            if (month == current.Month)
            {
                return UsageDocument.Of(current, _time.GetUtcNow());
            }

            // A month that has just ended may not be written yet.
            return _over.FirstOrDefault(over => over.Month == month) is { } waiting ? UsageDocument.Of(waiting, _time.GetUtcNow())
                : _folder?.Read(FileOf(month), StateJson.Default.UsageDocument, document => document.Version, UsageDocument.Form);
        }
    }

    /// <summary>Writes everything for the process that takes this one's place, which is ready and has not read it yet.</summary>
    public void HandOver()
    {
        if (_folder is not { } folder)
        {
            return;
        }

        lock (_gate)
        {
            var (now, current) = (_time.GetUtcNow(), _usage.Current);
            _givenQuotas = Give(folder, now);
            _givenUsage = _over.Append(current).Distinct().ToDictionary(month => month, month => Give(folder, month, now));
        }
    }

    /// <summary>Writes everything for the last time: whole, or what was counted since another process took over.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
        if (!_hasBegun || _folder is not { } folder)
        {
            return;
        }

        lock (_gate)
        {
            if (folder.IsHandedOver)
            {
                Leave(folder);
            }
            else
            {
                Write(folder, all: true);
            }
        }
    }

    private static string FileOf(CalendarPeriod month) => $"{UsagePrefix}{month}{Extension}";

    private async Task RunAsync()
    {
        var wait = Interval;
        while (!_stop.IsCancellationRequested)
        {
            await Task.Delay(wait, _time, _stop.Token).ContinueWith(static _ => { }, TaskScheduler.Default);
            var began = _time.GetTimestamp();
            try
            {
                lock (_gate)
                {
                    if (!_stop.IsCancellationRequested && _folder is { IsHandedOver: false } folder)
                    {
                        Collect(folder);
                        Write(folder, all: false);
                    }
                }
            }
            catch (Exception error)
            {
                // Whatever it was, it must not be the last time that something is kept.
                _log.Error(error, "an error of lb itself: what callers have used was not kept this time");
            }

            var took = _time.GetElapsedTime(began) * WorkShare;
            wait = took < Interval ? Interval : took > LongestInterval ? LongestInterval : took;
        }
    }

    /// <summary>Adds what the process that was replaced has counted after that.</summary>
    private void Collect(StateFolder folder)
    {
        foreach (var name in folder.Names(LeftPrefix).Where(name => name.EndsWith(Extension, StringComparison.Ordinal)))
        {
            Read(folder, name, StateJson.Default.LeftCounts, left => left.Version, LeftCounts.Form, left =>
            {
                left.Check();

                // First away with it: who pays by what is counted would rather have a request forgotten than counted twice.
                if (folder.Remove(name))
                {
                    left.Quotas.AddTo(_quotas, _time.GetUtcNow());
                    foreach (var usage in left.Usage)
                    {
                        usage.AddTo(MonthOf(usage.Check(), usage.Since));
                    }

                    Touch();
                }
            });
        }
    }

    /// <summary>Where to add what another process has left of a month; one that is over is written anew.</summary>
    private UsageMonth MonthOf(CalendarPeriod period, DateTimeOffset since)
    {
        var current = _usage.Current;
        if (_over.Append(current).FirstOrDefault(month => month.Month == period) is { } known)
        {
            return known;
        }

        var over = new UsageMonth(period, since);
        _over.Enqueue(over);
        return over;
    }

    /// <summary>Adds what is kept of quotas, once. Until then it must not be replaced.</summary>
    /// <exception cref="IOException">It is there and cannot be read now.</exception>
    private void JoinQuotas(StateFolder folder)
    {
        if (!_areQuotasWhole)
        {
            Join(folder, QuotaFile, StateJson.Default.QuotaDocument, document => document.Version, QuotaDocument.Form, document => document.AddTo(_quotas, _time.GetUtcNow()));
            _areQuotasWhole = true;
        }
    }

    /// <summary>As above, for a month.</summary>
    private static void Join(StateFolder folder, UsageMonth month)
    {
        if (month.Kept is null)
        {
            Dictionary<CallerName, UsageCounts> kept = [];
            Join(folder, FileOf(month.Month), StateJson.Default.UsageDocument, document => document.Version, UsageDocument.Form, document => kept = document.AddTo(month));
            month.Kept = kept;
        }
    }

    private static void Join<T>(StateFolder folder, string name, JsonTypeInfo<T> type, Func<T, int> versionOf, int version, Action<T> add)
        where T : class
    {
        // What makes no sense was set aside, and is there no more.
        if (!Read(folder, name, type, versionOf, version, add) && folder.Has(name))
        {
            throw new IOException($"{name} is there and cannot be read");
        }
    }

    /// <summary>Writes quotas for the process that takes over.</summary>
    /// <returns>What that one reads: where they cannot be written, what was there before.</returns>
    private QuotaDocument Give(StateFolder folder, DateTimeOffset now)
    {
        try
        {
            JoinQuotas(folder);
            var document = QuotaDocument.Of(_quotas, now);
            folder.Replace(QuotaFile, JsonSerializer.SerializeToUtf8Bytes(document, StateJson.Default.QuotaDocument));
            return document;
        }
        catch (IOException error)
        {
            Fail(error);
            var before = new QuotaTable();
            if (_areQuotasWhole)
            {
                Read(folder, QuotaFile, StateJson.Default.QuotaDocument, document => document.Version, QuotaDocument.Form, document => document.AddTo(before, now));
            }

            return QuotaDocument.Of(before, now);
        }
    }

    /// <summary>As above, for a month.</summary>
    private UsageDocument Give(StateFolder folder, UsageMonth month, DateTimeOffset now)
    {
        try
        {
            Join(folder, month);
            var document = UsageDocument.Of(month, now);
            folder.Replace(FileOf(month.Month), JsonSerializer.SerializeToUtf8Bytes(document, StateJson.Default.UsageDocument));
            return document;
        }
        catch (IOException error)
        {
            Fail(error);
            var before = new UsageMonth(month.Month, month.Since);
            if (month.Kept is not null)
            {
                Read(folder, FileOf(month.Month), StateJson.Default.UsageDocument, document => document.Version, UsageDocument.Form, document => document.AddTo(before));
            }

            return UsageDocument.Of(before, now);
        }
    }

    private void Write(StateFolder folder, bool all)
    {
        // Each by itself: that one file cannot be read is no reason to lose what the others are for.
        var (now, month) = (_time.GetUtcNow(), _usage.Current);
        var isKept = Try(() => WriteOver(folder, month, now));
        isKept &= Try(() => WriteQuotas(folder, now, all));
        isKept &= Try(() => WriteUsage(folder, month, now, all));
        if (isKept && _fails)
        {
            _fails = false;
            _log.Info("what callers have used is kept again");
        }
    }

    private void WriteOver(StateFolder folder, UsageMonth present, DateTimeOffset now)
    {
        while (_over.TryPeek(out var over))
        {
            Join(folder, over);
            folder.Write(FileOf(over.Month), JsonSerializer.SerializeToUtf8Bytes(UsageDocument.Of(over, now), StateJson.Default.UsageDocument));
            _over.TryDequeue(out _);
            RemoveOld(folder, over.Month.Ends < present.Month.Begins ? over.Month.Ends : present.Month.Begins);
        }
    }

    private void WriteQuotas(StateFolder folder, DateTimeOffset now, bool all)
    {
        JoinQuotas(folder);

        // Rule zero: the list is made first, so that no change is left untaken where one is found.
        var changed = _quotas.All.Select(counts => counts.TakeChange()).ToList();
        if (all || changed.Contains(true))
        {
            folder.Write(QuotaFile, JsonSerializer.SerializeToUtf8Bytes(QuotaDocument.Of(_quotas, now), StateJson.Default.QuotaDocument));
        }
    }

    private static void WriteUsage(StateFolder folder, UsageMonth month, DateTimeOffset now, bool all)
    {
        Join(folder, month);
        if (month.TakeChange() || (all && month.Callers.Any()))
        {
            folder.Write(FileOf(month.Month), JsonSerializer.SerializeToUtf8Bytes(UsageDocument.Of(month, now), StateJson.Default.UsageDocument));
        }
    }

    private void Leave(StateFolder folder)
    {
        var (now, current) = (_time.GetUtcNow(), _usage.Current);
        var quotas = QuotaDocument.Of(_quotas, now);
        var left = new LeftCounts(
            LeftCounts.Form,
            _givenQuotas is { } given ? quotas.Since(given) : quotas,
            [.. _over.Append(current).Distinct().Select(month => UsageDocument.Of(month, now).After(_givenUsage.GetValueOrDefault(month))).Where(usage => usage.Callers.Count > 0)]);
        if (left.Quotas.Quotas.Count == 0 && left.Usage.Count == 0)
        {
            return;
        }

        try
        {
            folder.Replace(
                string.Create(CultureInfo.InvariantCulture, $"{LeftPrefix}{Environment.ProcessId}{Extension}"), JsonSerializer.SerializeToUtf8Bytes(left, StateJson.Default.LeftCounts));
        }
        catch (IOException error)
        {
            Fail(error);
        }
    }

    /// <summary>False where it failed, of which the log was told.</summary>
    private bool Try(Action step)
    {
        try
        {
            step();
            return true;
        }
        catch (IOException error)
        {
            Fail(error);
            return false;
        }
    }

    private void Fail(IOException error)
    {
        // The next change is far away where callers are few.
        Touch();
        if (!_fails)
        {
            _fails = true;
            _log.Warn("what callers have used cannot be kept; it would end with this process", ("error", error.Message));
        }
    }

    private void Touch()
    {
        foreach (var counts in _quotas.All)
        {
            counts.Change();
        }

        _usage.Current.Change();
    }

    /// <param name="folder">The folder.</param>
    /// <param name="present">When the present month began; where the clock has jumped, the earlier one, so that it removes nothing.</param>
    private static void RemoveOld(StateFolder folder, DateTimeOffset present)
    {
        var oldest = present.AddMonths(-Math.Min(MonthsKept, ((present.Year - 1) * 12) + present.Month - 1));
        foreach (var name in folder.Names(UsagePrefix))
        {
            if (name.EndsWith(Extension, StringComparison.Ordinal) && CalendarPeriod.TryParse(name[UsagePrefix.Length..^Extension.Length], out var month) && month.Begins < oldest)
            {
                folder.Remove(name);
            }
        }
    }

    /// <summary>Adds a file; false where there is none, it cannot be read, or it makes no sense and was set aside.</summary>
    private static bool Read<T>(StateFolder folder, string name, JsonTypeInfo<T> type, Func<T, int> versionOf, int version, Action<T> add)
        where T : class
    {
        if (folder.Read(name, type, versionOf, version) is not { } document)
        {
            return false;
        }

        try
        {
            add(document);
            return true;
        }
        catch (FormatException error)
        {
            folder.SetAside(name, error.Message);
            return false;
        }
    }
}
