using System.Collections.Immutable;
using System.Text.Json;
using LoadBalancer.Configuration;
using LoadBalancer.Endpoints;

namespace LoadBalancer.Daemon.State;

/// <summary>
/// The endpoints that operators have drained, by identity, whether the configuration has them at the moment or not: one
/// that discovery loses and finds again is still drained. Kept in the state folder, where there is one. Thread-safe.
/// </summary>
internal sealed class DrainedEndpoints
{
    private const string FileName = "drained.json";
    private const int Version = 1;

    /// <summary>More than this is a mistake, and no list that a person keeps.</summary>
    private const int Most = 10_000;

    private readonly StateFolder? _folder;
    private readonly Lock _gate = new();
    private ImmutableDictionary<EndpointId, DrainedEndpoint> _all = ImmutableDictionary<EndpointId, DrainedEndpoint>.Empty;

    /// <summary>Those that the folder remembers; none where there is no folder.</summary>
    /// <param name="folder">The state folder, which outlives this.</param>
    public DrainedEndpoints(StateFolder? folder)
    {
        _folder = folder;
        foreach (var drained in folder?.Read(FileName, StateJson.Default.DrainedDocument, document => document.Version, Version)?.Endpoints.Take(Most) ?? [])
        {
            // The reader checks what lists are, not what is in them: null may stand there.
            if (drained?.Id() is { } id)
            {
                _all = _all.SetItem(id, drained);
            }
        }
    }

    /// <summary>All of them, in the order of their names.</summary>
    public IReadOnlyList<DrainedEndpoint> All =>
        [.. Volatile.Read(ref _all).Values.OrderBy(drained => drained.Upstream, StringComparer.Ordinal).ThenBy(drained => drained.Endpoint, StringComparer.Ordinal)];

    /// <summary>What is known of an endpoint's drain; null where it is not drained.</summary>
    public DrainedEndpoint? Find(EndpointId id) => Volatile.Read(ref _all).GetValueOrDefault(id);

    /// <summary>Notes that endpoints are drained; who was noted before stays as noted.</summary>
    /// <exception cref="IOException">It cannot be written, and nothing has changed.</exception>
    public void Add(IEnumerable<EndpointId> endpoints, DateTimeOffset since, string by) => Change(
        all => all.AddRange(endpoints.Where(id => !all.ContainsKey(id))
            .Select(id => KeyValuePair.Create(id, new DrainedEndpoint(id.Upstream, AddressText.Print(id.Address), since, by)))));

    /// <summary>Notes that endpoints are drained no more.</summary>
    /// <exception cref="IOException">It cannot be written, and nothing has changed.</exception>
    public void Remove(IEnumerable<EndpointId> endpoints) => Change(all => all.RemoveRange(endpoints));

    private void Change(Func<ImmutableDictionary<EndpointId, DrainedEndpoint>, ImmutableDictionary<EndpointId, DrainedEndpoint>> change)
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
                throw new IOException($"more than {Most} endpoints would be drained");
            }

            // The disk first: what is said to be drained is so after a restart too.
            _folder?.Write(FileName, JsonSerializer.SerializeToUtf8Bytes(new DrainedDocument(Version, [.. next.Values]), StateJson.Default.DrainedDocument));
            Volatile.Write(ref _all, next);
        }
    }
}
