namespace LoadBalancer.Configuration;

/// <summary>
/// What an item of a long list read as, kept from one load of a configuration to the next: an item with the very same text, over the same defaults, reads
/// the same, so that nothing of it has to be made again. One load at a time.
/// </summary>
/// <param name="text">Its lines as they stand in the file, from the one with its dash on; without references, for which another text may stand next time.</param>
/// <param name="column">The column at which its first key or brace stands.</param>
/// <param name="values">How many values it holds, keys counted too, as a bound of a file counts them.</param>
/// <param name="depth">How many lists and maps are inside one another in it, itself counted too.</param>
/// <param name="keys">Its keys; items with the same ones share the list.</param>
/// <param name="parse">Its entries where it begins on a given line of a given file.</param>
internal sealed class ItemMemory(string text, int column, int values, int depth, string[] keys, Func<ItemMemory, SourceSpan, IReadOnlyList<MapEntry>> parse)
{
    // Of the lists that have this text with other defaults: the listeners of http and of https, most often.
    private const int MostReadings = 4;

    private Reading[] _readings = [];

    /// <summary>Its lines.</summary>
    public string Text => text;

    /// <summary>How many lines.</summary>
    public int Lines { get; } = text.Count('\n');

    /// <summary>The column at which its first key or brace stands.</summary>
    public int Column => column;

    /// <summary>How many values it holds.</summary>
    public int Values => values;

    /// <summary>How many lists and maps are inside one another in it, itself counted too.</summary>
    public int Depth => depth;

    /// <summary>Its keys.</summary>
    public string[] Keys => keys;

    /// <summary>The number of the load that saw it last.</summary>
    public int SeenIn { get; set; }

    /// <summary>Its entries, parsed anew, for whoever wants more than it read as: their places are those of an item that begins at <paramref name="place"/>.</summary>
    public IReadOnlyList<MapEntry> Parse(SourceSpan place) => parse(this, place);

    /// <summary>What it reads as over <paramref name="start"/>; false where that is not known.</summary>
    public bool TryRecall<T>(T start, ConfigReader reader, out T record)
    {
        foreach (var reading in _readings)
        {
            if (reading.Start is T && reader.AreEqual(reading.Start, start!))
            {
                record = (T)reading.Record;
                return true;
            }
        }

        record = start;
        return false;
    }

    /// <summary>Remembers what it reads as over <paramref name="start"/>: without an error or a warning.</summary>
    public void Remember(object start, object record)
    {
        // Each change of defaults brings another one; those before it are hardly wanted again.
        var from = Math.Max(0, _readings.Length + 1 - MostReadings);
        _readings = [.. _readings.AsSpan(from), new Reading(start, record)];
    }

    /// <summary>True where nothing was found wrong with <paramref name="record"/> that its own text alone can tell.</summary>
    public bool IsSound(object record) => Of(record)?.IsSound == true;

    /// <summary>Remembers that.</summary>
    public void HoldSound(object record)
    {
        if (Of(record) is { } reading)
        {
            reading.IsSound = true;
        }
    }

    private Reading? Of(object record)
    {
        foreach (var reading in _readings)
        {
            if (ReferenceEquals(reading.Record, record))
            {
                return reading;
            }
        }

        return null;
    }

    private sealed class Reading(object start, object record)
    {
        public object Start => start;

        public object Record => record;

        public bool IsSound { get; set; }
    }
}
