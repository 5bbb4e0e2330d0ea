namespace LoadBalancer.Telemetry;

/// <summary>
/// Which warnings and errors were written within the last minute, so that one that comes a thousand times is a line now
/// and a line a minute with its count.
/// </summary>
/// <remarks>
/// Not thread-safe: its owner's lock guards it. Bounded: the oldest of <see cref="MostDistinct"/> texts gives way. All
/// windows are equally long, so entries expire in the order in which they began.
/// </remarks>
internal sealed class RepeatedLines(TimeProvider time)
{
    /// <summary>How many distinct texts are remembered.</summary>
    public const int MostDistinct = 1000;

    /// <summary>How long a text is held back after it was written.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Dictionary<(Severity Severity, string Text), Entry> _entries = [];
    private readonly Queue<Entry> _byAge = [];

    /// <summary>When the oldest window ends, counted from now; null where nothing is remembered.</summary>
    public TimeSpan? NextDue => _byAge.TryPeek(out var oldest) ? Window - time.GetElapsedTime(oldest.Began) : null;

    /// <summary>True where the line is to be written now; false where it was counted as a repetition.</summary>
    /// <param name="severity">The line's severity.</param>
    /// <param name="text">The line.</param>
    /// <param name="displaced">The count of an older text that gives way, where that one still has repetitions to report.</param>
    public bool Admit(Severity severity, string text, out Repetition? displaced)
    {
        displaced = null;
        if (_entries.TryGetValue((severity, text), out var known))
        {
            known.Count++;
            return false;
        }

        if (_entries.Count == MostDistinct)
        {
            displaced = Remove();
        }

        var entry = new Entry(severity, text) { Began = time.GetTimestamp() };
        _entries.Add((severity, text), entry);
        _byAge.Enqueue(entry);
        return true;
    }

    /// <summary>The repetitions whose window is over, or all of them. A text that was repeated begins a new window.</summary>
    public List<Repetition> Collect(bool all = false)
    {
        var repetitions = new List<Repetition>();
        for (var left = _byAge.Count; left > 0 && (all || NextDue <= TimeSpan.Zero); left--)
        {
            if (Remove() is { } repetition)
            {
                repetitions.Add(repetition);
                Admit(repetition.Severity, repetition.Text, out _);
            }
        }

        return repetitions;
    }

    private Repetition? Remove()
    {
        var oldest = _byAge.Dequeue();
        _entries.Remove((oldest.Severity, oldest.Text));
        return oldest.Count > 0 ? new Repetition(oldest.Severity, oldest.Text, oldest.Count) : null;
    }

    /// <summary>A text and how often it came again within its window.</summary>
    public readonly record struct Repetition(Severity Severity, string Text, int Count);

    private sealed class Entry(Severity severity, string text)
    {
        public Severity Severity => severity;

        public string Text => text;

        public long Began { get; init; }

        public int Count { get; set; }
    }
}
