using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using LoadBalancer.Configuration;
using LoadBalancer.Http.Usage;
using LoadBalancer.Limits;
using LoadBalancer.Redis;

namespace LoadBalancer.Daemon.State;

/// <summary>
/// What callers use, over all instances that share a Redis. Each tells its own totals under its own name, every few seconds and only those that have changed: what is told
/// twice counts once, and nobody waits for it. All totals are told again now and then, for a Redis that has lost them; and where it has more of a month under this instance's
/// name than was kept of it, files were lost or are old, and that is gone on from: before anything else is told of the month. Thread-safe; it works on the thread pool.
/// </summary>
/// <remarks><code>HSET lb:usage:2026-11  INSTANCE ["partners","acme","partner"]  "48210 3 0 1 11904 1203944022"</code></remarks>
internal sealed class SharedUsage
{
    private const string InstanceFile = "instance";
    private const int Batch = 100;
    private const int TicksBetweenWholes = 60;

    // With the longest names, and what a scan may give beyond it, far from the longest reply that is read (RespReader.LongestReply).
    private static readonly byte[] ScanSize = [.. "20"u8];

    private static readonly IReadOnlyDictionary<CallerName, UsageCounts> NothingKept = new Dictionary<CallerName, UsageCounts>();

    // Names stand in the store as they are, and not as six bytes a letter.
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly UsageTable _usage;
    private readonly Func<RedisClient?> _redis;
    private readonly StateFolder? _folder;
    private readonly TimeProvider _time;
    private readonly string _instance;
    private readonly Action<string>? _onRefused;
    private readonly Dictionary<CallerName, UsageCounts> _told = [];
    private Task _running = Task.CompletedTask;
    private UsageMonth _month;
    private UsageMonth? _toldOf;
    private RedisClient? _toldTo;
    private int _ticks;
    private string? _refusal;

    /// <summary>Tells nothing yet.</summary>
    /// <param name="usage">What this instance counts.</param>
    /// <param name="redis">The Redis of the configuration that runs; null for none.</param>
    /// <param name="folder">Knows the instance's name, so that it is the same after a restart; null for another with each process.</param>
    /// <param name="time">The clock.</param>
    /// <param name="onRefused">Is told of a command that the server answers with an error, which one and why; once for each that is another. On any thread.</param>
    public SharedUsage(UsageTable usage, Func<RedisClient?> redis, StateFolder? folder, TimeProvider time, Action<string>? onRefused = null)
    {
        (_usage, _redis, _folder, _time, _instance, _onRefused, _month) = (usage, redis, folder, time, NameOf(folder), onRefused, usage.Current);
    }

    /// <summary>True where it has told of the month that is under way, or may: what replaces this process is not to take that up (<see cref="TakeOver"/>).</summary>
    public bool Tells => _usage.Current.IsTakenUp;

    // What replaces this process goes on from its totals, under the same name.
    private bool IsHandedOver => _folder is { IsHandedOver: true };

    /// <summary>The process that this one replaces tells of the month that is under way. All of that it hands over or leaves: it is not to be taken up from Redis as well.</summary>
    public void TakeOver() => _usage.Current.IsTakenUp = true;

    /// <summary>Begins to tell.</summary>
    /// <param name="stop">Ends it.</param>
    public void Begin(CancellationToken stop) => _running = Task.Run(() => RunAsync(stop), CancellationToken.None);

    /// <summary>Tells for the last time: when it was told to end, and before the Redis is closed.</summary>
    public async Task EndAsync()
    {
        await _running;
        await TellAsync();
    }

    /// <summary>Adds what the other instances have told of a month.</summary>
    /// <param name="month">The month.</param>
    /// <param name="own">What this one knows of it; null for nothing.</param>
    /// <returns>The sum, which is null where nobody knows anything.</returns>
    public async Task<UsageDocument?> AddAsync(CalendarPeriod month, UsageDocument? own)
    {
        if (_redis() is not { } redis)
        {
            return own;
        }

        var (told, _) = await ReadAsync(redis, month);
        return told is not null ? Sum(month, own, told) : own is null ? null : own with { Complete = false };
    }

    private static byte[] KeyOf(CalendarPeriod month) => Encoding.ASCII.GetBytes($"lb:usage:{month}");

    private static string InstanceOf(string field) => field.Split(' ')[0];

    /// <summary>All that was told of a month, field by field; null with the reply where there is none.</summary>
    private static async Task<(Dictionary<string, string>? Told, RedisReply Reply)> ReadAsync(RedisClient redis, CalendarPeriod month)
    {
        // A scan may give a field twice.
        var told = new Dictionary<string, string>(StringComparer.Ordinal);
        byte[] cursor = [.. "0"u8];
        while (true)
        {
            var reply = await redis.AskAsync("HSCAN", KeyOf(month), cursor, [.. "COUNT"u8], ScanSize);
            if (reply is not { Kind: RedisReplyKind.List, Count: 2 })
            {
                return (null, reply);
            }

            cursor = reply[0].Text.ToArray();
            for (var at = 0; at + 1 < reply[1].Count; at += 2)
            {
                told[Encoding.UTF8.GetString(reply[1][at].Text)] = Encoding.ASCII.GetString(reply[1][at + 1].Text);
            }

            if (cursor is [(byte)'0'])
            {
                return (told, reply);
            }
        }
    }

    private UsageDocument? Sum(CalendarPeriod month, UsageDocument? own, IEnumerable<KeyValuePair<string, string>> told)
    {
        var callers = own?.Callers.ToDictionary(record => record.Name, record => record.Counts) ?? [];
        var since = own?.Since ?? DateTimeOffset.MaxValue;
        var instances = new HashSet<string>(own is null ? [] : [_instance], StringComparer.Ordinal);

        // Of this instance first: what it has told is older news of the same, but where it knows no more of it.
        foreach (var (field, value) in told.OrderBy(field => InstanceOf(field.Key) != _instance))
        {
            instances.Add(InstanceOf(field));
            if (TryRead(field, value, out var name, out var counts))
            {
                var known = callers.GetValueOrDefault(name);
                callers[name] = known.And(InstanceOf(field) == _instance ? counts.Beyond(known) : counts);
            }
            else if (SinceOf(field, value) is { } earlier && earlier < since)
            {
                since = earlier;
            }
        }

        var now = _time.GetUtcNow();
        return instances.Count == 0 ? null
            : new UsageDocument(
                UsageDocument.Form, month.ToString(), since < month.Ends ? since : month.Begins, now < month.Ends ? now : month.Ends, [.. callers.Select(caller => UsageRecord.Of(caller.Key, caller.Value))])
            {
                Instances = instances.Count,
            };
    }

    // What has only the instance's name says since when it counts.
    private static DateTimeOffset? SinceOf(string field, string value) =>
        !field.Contains(' ', StringComparison.Ordinal) && DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var since) ? since : null;

    // It may be of a later version.
    private static bool TryRead(string field, string value, out CallerName name, out UsageCounts counts)
    {
        (name, counts) = (default, default);
        if (field.IndexOf(' ', StringComparison.Ordinal) is not (> 0 and var space))
        {
            return false;
        }

        try
        {
            var names = JsonSerializer.Deserialize<string?[]>(field[(space + 1)..]);
            var numbers = value.Split(' ').Select(number => long.Parse(number, NumberStyles.None, CultureInfo.InvariantCulture)).ToList();
            if (names is not [_, _, _, ..] || numbers is not [_, _, _, _, _, _, ..])
            {
                return false;
            }

            (name, counts) = (new CallerName(names[0], names[1], names[2]), new UsageCounts(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]));
            return true;
        }
        catch (Exception error) when (error is JsonException or FormatException or OverflowException)
        {
            return false;
        }
    }

    // Where this instance may not read what it has told, or the server cannot, it tells all the same. A server that is busy, or a cluster that is not whole, answers another time.
    private static bool IsForGood(in RedisReply reply) =>
        reply.Error.StartsWith("NOPERM", StringComparison.Ordinal) || reply.Error.StartsWith("ERR unknown command", StringComparison.Ordinal);

    private static string NameOf(StateFolder? folder)
    {
        if (folder?.Read(InstanceFile) is { } kept && Encoding.ASCII.GetString(kept).Trim() is { Length: > 0 and <= 64 } known && known.All(char.IsAsciiHexDigit))
        {
            return known;
        }

        var name = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        try
        {
            folder?.Write(InstanceFile, Encoding.ASCII.GetBytes(name + "\n"));
        }
        catch (IOException)
        {
            // Then the next process has another name, and is another instance: the sum stays right for as long as it finds no counts of this one either.
        }

        return name;
    }

    private async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await Task.Delay(KeptCounts.Interval, _time, stop).ContinueWith(static _ => { }, TaskScheduler.Default);
            if (!stop.IsCancellationRequested)
            {
                await TellAsync();
            }
        }
    }

    private async Task TellAsync()
    {
        if (IsHandedOver || _redis() is not { } redis)
        {
            return;
        }

        if (_toldTo != redis || _ticks++ % TicksBetweenWholes == 0)
        {
            _told.Clear();
            _toldTo = redis;
        }

        // Of a month that has ended, what came last is told once more.
        var current = _usage.Current;
        if (_month != current && await TryTakeUpAsync(redis, _month))
        {
            await TellAsync(redis, _month);
            _month = current;
        }

        if (await TryTakeUpAsync(redis, current))
        {
            await TellAsync(redis, current);
        }
    }

    /// <summary>Adds, once, what this instance has told of a month before and was not kept; false where that is not known yet, and the month must not be told.</summary>
    private async Task<bool> TryTakeUpAsync(RedisClient redis, UsageMonth month)
    {
        if (month.IsTakenUp)
        {
            return true;
        }

        // A file that cannot be read now is added when it can: taken up before that, what is in both would count twice.
        var kept = _folder is null ? NothingKept : month.Kept;
        if (kept is null)
        {
            return false;
        }

        var (told, reply) = await ReadAsync(redis, month.Month);
        if (IsHandedOver || (told is null && (Takes("HSCAN", reply) || !IsForGood(reply))))
        {
            return false;
        }

        foreach (var (field, value) in told?.Where(field => InstanceOf(field.Key) == _instance) ?? [])
        {
            if (TryRead(field, value, out var name, out var counts))
            {
                month.Of(name).Add(counts.Beyond(kept.GetValueOrDefault(name)));
            }
            else if (SinceOf(field, value) is { } earlier)
            {
                month.CountedSince(earlier);
            }
        }

        month.IsTakenUp = true;
        month.Change();
        if (month != _usage.Current)
        {
            // It may have been written already.
            _usage.OnOver(month);
        }

        return true;
    }

    private async Task TellAsync(RedisClient redis, UsageMonth month)
    {
        if (_toldOf != month)
        {
            _told.Clear();
            _toldOf = month;
        }

        var changed = month.Callers.Select(usage => (usage.Name, usage.Counts)).Where(caller => caller.Counts.Requests > 0 && _told.GetValueOrDefault(caller.Name) != caller.Counts).ToList();
        foreach (var some in changed.Chunk(Batch))
        {
            List<byte[]> words = [KeyOf(month.Month), Encoding.ASCII.GetBytes(_instance), Encoding.ASCII.GetBytes(month.Since.ToString("O", CultureInfo.InvariantCulture))];
            foreach (var (name, counts) in some)
            {
                words.Add(Encoding.UTF8.GetBytes($"{_instance} {JsonSerializer.Serialize((string?[])[name.Provider, name.Subject, name.Plan], Plain)}"));
                words.Add(Encoding.ASCII.GetBytes(string.Create(
                    CultureInfo.InvariantCulture, $"{counts.Requests} {counts.RateLimited} {counts.QuotaExceeded} {counts.ConcurrencyExceeded} {counts.ReceivedBytes} {counts.SentBytes}")));
            }

            if (!Takes("HSET", await redis.AskAsync("HSET", [.. words])))
            {
                return;
            }

            foreach (var (name, counts) in some)
            {
                _told[name] = counts;
            }
        }

        if (changed.Count > 0)
        {
            var ends = month.Month.Ends.AddMonths(KeptCounts.MonthsKept).ToUnixTimeSeconds();
            if (Takes("EXPIREAT", await redis.AskAsync("EXPIREAT", KeyOf(month.Month), Encoding.ASCII.GetBytes(ends.ToString(CultureInfo.InvariantCulture)))))
            {
                _refusal = null;
            }
        }
    }

    // That a server is away is told of by whoever connects to it.
    private bool Takes(string command, in RedisReply reply)
    {
        if (reply.Kind == RedisReplyKind.Error && _refusal != reply.Error)
        {
            _refusal = reply.Error;
            _onRefused?.Invoke($"{command}: {ScalarNode.Clean(reply.Error)}");
        }

        return reply.IsGood;
    }
}
