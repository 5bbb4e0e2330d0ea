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
/// which the new one adds within seconds (ADR 0025).
/// </remarks>
internal sealed class KeptCounts : IAsyncDisposable
{
    /// <summary>How often it is written where something was counted; longer where that takes more than a twentieth of it.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

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
    private LeftCounts? _handedOver;
    private bool _isRead;
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
        _usage.OnOver = _over.Enqueue;
    }

    /// <summary>True where anything outlives the process.</summary>
    public bool Keeps => _folder is not null;

    /// <summary>Adds what is kept, and keeps it from here on. Where another process is replaced: when that has written everything.</summary>
    public void Begin()
    {
        if (_folder is null)
        {
            return;
        }

        Read(_folder, QuotaFile, StateJson.Default.QuotaDocument, document => document.Version, QuotaDocument.Form, document => document.AddTo(_quotas));
        var month = _usage.Current;
        Read(_folder, FileOf(month.Month), StateJson.Default.UsageDocument, document => document.Version, UsageDocument.Form, document => document.AddTo(month));
        _isRead = true;
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
        if (_folder is null)
        {
            return;
        }

        lock (_gate)
        {
            var now = _time.GetUtcNow();
            var given = new LeftCounts(LeftCounts.Form, QuotaDocument.Of(_quotas, now), UsageDocument.Of(_usage.Current, now));
            try
            {
                _folder.Replace(QuotaFile, JsonSerializer.SerializeToUtf8Bytes(given.Quotas, StateJson.Default.QuotaDocument));
                _folder.Replace($"{UsagePrefix}{given.Usage.Month}{Extension}", JsonSerializer.SerializeToUtf8Bytes(given.Usage, StateJson.Default.UsageDocument));
                _handedOver = given;
            }
            catch (IOException error)
            {
                Fail(error);
            }
        }
    }

    /// <summary>Writes everything for the last time: whole, or what was counted since another process took over.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
        if (!_isRead || _folder is not { } folder)
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
            wait = took > Interval ? took : Interval;
        }
    }

    /// <summary>Adds what the process that was replaced has counted after that.</summary>
    private void Collect(StateFolder folder)
    {
        foreach (var name in folder.Names(LeftPrefix).Where(name => name.EndsWith(Extension, StringComparison.Ordinal)))
        {
            Read(folder, name, StateJson.Default.LeftCounts, left => left.Version, LeftCounts.Form, left =>
            {
                left.Quotas.Check();
                left.Usage.Check();

                // First away with it: who pays by what is counted would rather have a request forgotten than counted twice.
                if (folder.Remove(name))
                {
                    left.Quotas.AddTo(_quotas);
                    left.Usage.AddTo(_usage.Current);
                }
            });
        }
    }

    private void Write(StateFolder folder, bool all)
    {
        try
        {
            var now = _time.GetUtcNow();
            var month = _usage.Current;
            while (_over.TryPeek(out var over))
            {
                folder.Write(FileOf(over.Month), JsonSerializer.SerializeToUtf8Bytes(UsageDocument.Of(over, now), StateJson.Default.UsageDocument));
                _over.TryDequeue(out _);
                RemoveOld(folder, month.Month);
            }

            // Rule zero: the list is made first, so that no change is left untaken where one is found.
            var changed = _quotas.All.Select(counts => counts.TakeChange()).ToList();
            if (all || changed.Contains(true))
            {
                folder.Write(QuotaFile, JsonSerializer.SerializeToUtf8Bytes(QuotaDocument.Of(_quotas, now), StateJson.Default.QuotaDocument));
            }

            if (month.TakeChange() || (all && month.Callers.Any()))
            {
                folder.Write(FileOf(month.Month), JsonSerializer.SerializeToUtf8Bytes(UsageDocument.Of(month, now), StateJson.Default.UsageDocument));
            }

            if (_fails)
            {
                _fails = false;
                _log.Info("what callers have used is kept again");
            }
        }
        catch (IOException error)
        {
            Fail(error);
        }
    }

    private void Leave(StateFolder folder)
    {
        var now = _time.GetUtcNow();
        var (quotas, usage) = (QuotaDocument.Of(_quotas, now), UsageDocument.Of(_usage.Current, now));
        var left = new LeftCounts(
            LeftCounts.Form,
            _handedOver is { } given ? quotas.Since(given.Quotas) : quotas,
            usage.After(_handedOver?.Usage.Month == usage.Month ? _handedOver.Usage : null));
        if (left.Quotas.Quotas.Count == 0 && left.Usage.Callers.Count == 0)
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

    private void Fail(IOException error)
    {
        // The next change is far away where callers are few.
        foreach (var counts in _quotas.All)
        {
            counts.Change();
        }

        _usage.Current.Change();
        if (!_fails)
        {
            _fails = true;
            _log.Warn("what callers have used cannot be kept; it would end with this process", ("error", error.Message));
        }
    }

    private static void RemoveOld(StateFolder folder, CalendarPeriod present)
    {
        var oldest = present.Begins.AddMonths(-MonthsKept);
        foreach (var name in folder.Names(UsagePrefix))
        {
            if (name.EndsWith(Extension, StringComparison.Ordinal) && CalendarPeriod.TryParse(name[UsagePrefix.Length..^Extension.Length], out var month) && month.Begins < oldest)
            {
                folder.Remove(name);
            }
        }
    }

    private static void Read<T>(StateFolder folder, string name, JsonTypeInfo<T> type, Func<T, int> versionOf, int version, Action<T> add)
        where T : class
    {
        if (folder.Read(name, type, versionOf, version) is not { } document)
        {
            return;
        }

        try
        {
            add(document);
        }
        catch (FormatException error)
        {
            folder.SetAside(name, error.Message);
        }
    }
}
