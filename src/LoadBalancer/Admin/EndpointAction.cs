using LoadBalancer.Configuration;
using LoadBalancer.Daemon.Reloading;
using LoadBalancer.Daemon.State;
using LoadBalancer.Daemon.Status;
using LoadBalancer.Endpoints;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Daemon.Admin;

/// <summary>
/// A change of endpoints that is remembered: <c>?upstream=NAME</c> means every endpoint that the upstream has now,
/// <c>&amp;endpoint=ADDRESS</c> one of them.
/// </summary>
/// <param name="path">Its path.</param>
/// <param name="present">What runs.</param>
/// <param name="notes">Remembers, across reloads and restarts.</param>
internal abstract class EndpointAction(string path, Func<Snapshot> present, EndpointNotes notes) : IAdminAction
{
    /// <inheritdoc/>
    public string Path => path;

    /// <inheritdoc/>
    public virtual IReadOnlyList<string> Parameters { get; } = ["upstream", "endpoint"];

    /// <inheritdoc/>
    public async Task<AdminAnswer> RunAsync(AdminRequest request)
    {
        var upstreams = present().Upstreams;
        if (request["upstream"] is not { } name)
        {
            return AdminAnswer.Problem(400, $"{Path} needs the parameter 'upstream'");
        }

        if (Refuse(request) is { } wrong)
        {
            return AdminAnswer.Problem(400, wrong);
        }

        var upstream = upstreams.GetValueOrDefault(name);
        var remembered = notes.All.Where(each => Forgets(request) && each.Upstream == name).Select(each => each.Id()).OfType<EndpointId>().ToList();
        if (upstream is null && remembered.Count == 0)
        {
            return AdminAnswer.Problem(404, $"no upstream is called {ScalarNode.Quote(name)}{NearestName.Suggest(name, upstreams.Keys)}");
        }

        var known = (upstream?.View.All ?? []).Select(member => member.Endpoint.Id).Union(remembered).ToList();
        if (Choose(request["endpoint"], name, known, out var chosen) is { } problem)
        {
            return problem;
        }

        try
        {
            Note(request, chosen);
        }
        catch (IOException error) when (notes.IsHandedOver)
        {
            return AdminAnswer.Problem(409, $"nothing was changed: {error.Message}");
        }
        catch (IOException error)
        {
            return AdminAnswer.Problem(500, $"nothing was changed, because the state folder cannot be written: {error.Message}");
        }

        if (upstream is not null)
        {
            chosen.ForEach(id => Apply(request, upstream, id));

            // So that whoever connects after the answer sees what it says.
            await upstream.SettleAsync();
            OnApplied(request, upstream, chosen);
        }

        return AdminAnswer.Json(200, AdminJson.Format(new ChangedAnswer(name, Describe(name, chosen))));
    }

    /// <summary>What is wrong with the parameters; null where nothing is.</summary>
    protected virtual string? Refuse(AdminRequest request) => null;

    /// <summary>True where what was remembered is to be forgotten: then endpoints count that the upstream does not have.</summary>
    protected abstract bool Forgets(AdminRequest request);

    /// <summary>Remembers it.</summary>
    /// <exception cref="IOException">It cannot be written, and nothing has changed.</exception>
    protected abstract void Note(AdminRequest request, IReadOnlyList<EndpointId> chosen);

    /// <summary>Does it.</summary>
    protected abstract void Apply(AdminRequest request, Upstream upstream, EndpointId id);

    /// <summary>It is done, of all that were chosen; nobody who connects from here on sees what was before.</summary>
    protected virtual void OnApplied(AdminRequest request, Upstream upstream, IReadOnlyList<EndpointId> chosen)
    {
    }

    private static AdminAnswer? Choose(string? written, string upstream, List<EndpointId> known, out List<EndpointId> chosen)
    {
        chosen = known;
        if (written is null)
        {
            return null;
        }

        if (!AddressText.TryParse(written, AddressUse.Endpoint, out var address))
        {
            return AdminAnswer.Problem(400, $"'endpoint' expects {Kinds.EndpointAddress.Expected}, not {ScalarNode.Quote(written)}");
        }

        var id = new EndpointId(upstream, address);
        chosen = [id];
        return known.Contains(id)
            ? null
            : AdminAnswer.Problem(
                404,
                $"the upstream '{upstream}' has no endpoint {ScalarNode.Quote(written)}; it has {string.Join(", ", known.Take(10).Select(each => AddressText.Print(each.Address)))}{(known.Count > 10 ? " and more" : "")}");
    }

    private List<ChangedEndpoint> Describe(string name, List<EndpointId> chosen)
    {
        var endpoints = present().Upstreams.TryGetValue(name, out var upstream)
            ? UpstreamStatus.Of(upstream).Endpoints.ToDictionary(endpoint => endpoint.Address, StringComparer.Ordinal)
            : [];
        return
        [
            .. chosen.Select(id => AddressText.Print(id.Address)).Select(address =>
                endpoints.TryGetValue(address, out var endpoint)
                    ? new ChangedEndpoint(address, endpoint.State, endpoint.Weight, endpoint.ActiveConnections, endpoint.DrainedUntil)
                    : new ChangedEndpoint(address, null, null, 0)),
        ];
    }
}
