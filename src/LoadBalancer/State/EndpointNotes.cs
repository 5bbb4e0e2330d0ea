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
    private ImmutableDictionary<EndpointId, EndpointNote> _all = ImmutableDictionary<EndpointId, EndpointNote>.Empty;

    /// <summary>Those that the folder remembers; none where there is no folder.</summary>
    /// <param name="folder">The state folder, which outlives this.</param>
    /// <param name="fileName">The file in it.</param>
    public EndpointNotes(StateFolder? folder, string fileName)
    {
        _folder = folder;
        _fileName = fileName;
        foreach (var note in folder?.Read(fileName, StateJson.Default.NotesDocument, document => document.Version, Version)?.Endpoints.Take(Most) ?? [])
        {
            // The reader checks what lists are, not what is in them: null may stand there.
            if (note?.Id() is { } id && note.Weight is null == (fileName == Drained) && note.Weight is null or (>= 0 and <= MostWeight))
            {
                _all = _all.SetItem(id, note);
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
    /// <exception cref="IOException">It cannot be written, and nothing has changed.</exception>
    public void Add(IEnumerable<EndpointId> endpoints, DateTimeOffset since, string by, int? weight = null) => Change(
        all => all.SetItems(endpoints.Where(id => !all.TryGetValue(id, out var known) || known.Weight != weight)
            .Select(id => KeyValuePair.Create(id, new EndpointNote(id.Upstream, AddressText.Print(id.Address), since, by, weight)))));

    /// <summary>Forgets what was said of endpoints.</summary>
    /// <exception cref="IOException">It cannot be written, and nothing has changed.</exception>
    public void Remove(IEnumerable<EndpointId> endpoints) => Change(all => all.RemoveRange(endpoints));

    private void Change(Func<ImmutableDictionary<EndpointId, EndpointNote>, ImmutableDictionary<EndpointId, EndpointNote>> change)
    {
        lock (_gate)
        {
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
            _folder?.Write(_fileName, JsonSerializer.SerializeToUtf8Bytes(new NotesDocument(Version, [.. next.Values]), StateJson.Default.NotesDocument));
            Volatile.Write(ref _all, next);
        }
    }
}
