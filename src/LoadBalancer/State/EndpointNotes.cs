using System.Collections.Immutable;
using System.Text.Json;
using LoadBalancer.Configuration;
using LoadBalancer.Endpoints;

namespace LoadBalancer.Daemon.State;

/// <summary>
/// What operators have said of endpoints, by identity, whether the configuration has them at the moment or not: one that is drained is so
/// still when discovery loses it and finds it again. A drain and a weight are each in a file of their own, in the state folder, where there is one.
/// Thread-safe.
/// </summary>
internal sealed class EndpointNotes
{
    /// <summary>The file of drains.</summary>
    public const string Drained = "drained.json";

    /// <summary>The file of weights.</summary>
    public const string Weights = "weights.json";

    /// <summary>The largest weight that there is.</summary>
    public const int MostWeight = 256;

    private const int Version = 1;

    /// <summary>More than this is a mistake, and no list that a person keeps.</summary>
    private const int Most = 10_000;

    private readonly StateFolder? _folder;
    private readonly string _fileName;
    private readonly Lock _gate = new();
    private ImmutableDictionary<EndpointId, EndpointNote> _all;
    private bool _isHandedOver;

    /// <summary>Those that the folder remembers, or the process that this one replaces; none where there is neither.</summary>
    /// <param name="folder">The state folder, which outlives this.</param>
    /// <param name="fileName">The file in it.</param>
    /// <param name="told">What the process that this one replaces has told of both kinds: it counts in place of the folder's, which it may not have had. Null where it has told nothing.</param>
    public EndpointNotes(StateFolder? folder, string fileName, IReadOnlyList<EndpointNote>? told = null)
    {
        _folder = folder;
        _fileName = fileName;
        var kept = Valid(folder?.Read(fileName, StateJson.Default.NotesDocument, document => document.Version, Version)?.Endpoints ?? []);
        _all = told is null ? kept : Valid(told);
        if (told is not null && folder is not null && (kept.Count != _all.Count || _all.Any(note => kept.GetValueOrDefault(note.Key) != note.Value)))
        {
            KeepOthers(folder);
        }
    }

    /// <summary>
    /// True while another process takes over, which has been told of them: a change would be lost with this process, and is refused.
    /// </summary>
    public bool IsHandedOver
    {
        get => Volatile.Read(ref _isHandedOver);
        set
        {
            // Behind a change that is under way.
            lock (_gate)
            {
                Volatile.Write(ref _isHandedOver, value);
            }
        }
    }

    /// <summary>All of them, in the order of their names.</summary>
    public IReadOnlyList<EndpointNote> All =>
        [.. Volatile.Read(ref _all).Values.OrderBy(note => note.Upstream, StringComparer.Ordinal).ThenBy(note => note.Endpoint, StringComparer.Ordinal)];

    /// <summary>What was said of an endpoint; null where nothing was.</summary>
    public EndpointNote? Find(EndpointId id) => Volatile.Read(ref _all).GetValueOrDefault(id);

    /// <summary>Notes it; of whom the same was said before stays as noted.</summary>
    /// <param name="endpoints">The endpoints.</param>
    /// <param name="since">Since when.</param>
    /// <param name="by">Who says it.</param>
    /// <param name="weight">Their weight; null where they are drained.</param>
    /// <exception cref="IOException">It cannot be written, or another process takes over, and nothing has changed.</exception>
    public void Add(IEnumerable<EndpointId> endpoints, DateTimeOffset since, string by, int? weight = null) => Change(
        all => all.SetItems(endpoints.Where(id => !all.TryGetValue(id, out var known) || known.Weight != weight)
            .Select(id => KeyValuePair.Create(id, new EndpointNote(id.Upstream, AddressText.Print(id.Address), since, by, weight)))));

    /// <summary>Forgets what was said of endpoints.</summary>
    /// <exception cref="IOException">It cannot be written, or another process takes over, and nothing has changed.</exception>
    public void Remove(IEnumerable<EndpointId> endpoints) => Change(all => all.RemoveRange(endpoints));

    private void Change(Func<ImmutableDictionary<EndpointId, EndpointNote>, ImmutableDictionary<EndpointId, EndpointNote>> change)
    {
        lock (_gate)
        {
            if (_isHandedOver)
            {
                throw new IOException("an upgrade is under way; ask again in a moment");
            }

            var next = change(_all);
            if (next == _all)
            {
                return;
            }

            if (next.Count > Most)
            {
                throw new IOException($"notes of more than {Most} endpoints");
            }

            // The disk first: what is said to hold does so after a restart too.
            _folder?.Write(_fileName, Document(next));
            Volatile.Write(ref _all, next);
        }
    }

    private static byte[] Document(ImmutableDictionary<EndpointId, EndpointNote> notes) =>
        JsonSerializer.SerializeToUtf8Bytes(new NotesDocument(Version, [.. notes.Values]), StateJson.Default.NotesDocument);

    // The reader checks what lists are, not what is in them: null may stand there.
    private ImmutableDictionary<EndpointId, EndpointNote> Valid(IEnumerable<EndpointNote?> notes)
    {
        var valid = ImmutableDictionary.CreateBuilder<EndpointId, EndpointNote>();
        foreach (var note in notes)
        {
            if (valid.Count < Most && note?.Id() is { } id && note.Weight is null == (_fileName == Drained) && note.Weight is null or (>= 0 and <= MostWeight))
            {
                valid[id] = note;
            }
        }

        return valid.ToImmutable();
    }

    // An upgrade has brought another folder, or the first one.
    private void KeepOthers(StateFolder folder)
    {
        try
        {
            folder.Write(_fileName, Document(_all));
        }
        catch (IOException)
        {
            // The folder has said that it cannot be written; what is noted holds all the same.
        }
    }
}
