using LoadBalancer.Configuration;
using LoadBalancer.Daemon.Reloading;
using LoadBalancer.Daemon.State;
using LoadBalancer.Daemon.Status;
using LoadBalancer.Endpoints;

namespace LoadBalancer.Daemon.Admin;

/// <summary>
/// POST /drain and POST /enable: takes endpoints out of traffic, or gives them back. An endpoint that is drained gets no new
/// connection; those that are open go on. <c>?upstream=NAME</c> means every endpoint that it has now,
/// <c>&amp;endpoint=ADDRESS</c> one of them.
/// </summary>
/// <param name="drain">True for /drain.</param>
/// <param name="present">What runs.</param>
/// <param name="drained">Remembers, across reloads and restarts.</param>
/// <param name="time">Says since when.</param>
internal sealed class DrainAction(bool drain, Func<Snapshot> present, DrainedEndpoints drained, TimeProvider time) : IAdminAction
{
    /// <inheritdoc/>
    public string Path => drain ? "/drain" : "/enable";

    /// <inheritdoc/>
    public IReadOnlyList<string> Parameters { get; } = ["upstream", "endpoint"];

    /// <inheritdoc/>
    public async Task<AdminAnswer> RunAsync(AdminRequest request)
    {
        var upstreams = present().Upstreams;
        if (request["upstream"] is not { } name)
        {
            return AdminAnswer.Problem(400, $"{Path} needs the parameter 'upstream'");
        }

        var upstream = upstreams.GetValueOrDefault(name);
        var remembered = drained.All.Where(each => !drain && each.Upstream == name).Select(each => each.Id()).OfType<EndpointId>().ToList();
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
            Note(chosen, request.Who);
        }
        catch (IOException error)
        {
            return AdminAnswer.Problem(500, $"nothing was changed, because the state folder cannot be written: {error.Message}");
        }

        if (upstream is not null)
        {
            chosen.ForEach(id => _ = drain ? upstream.Drain(id) : upstream.Enable(id));

            // So that whoever connects after the answer sees what it says.
            await upstream.SettleAsync();
        }

        return AdminAnswer.Json(200, AdminJson.Format(new DrainAnswer(name, Describe(name, chosen))));
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

    private void Note(List<EndpointId> chosen, string who)
    {
        if (drain)
        {
            drained.Add(chosen, time.GetUtcNow(), who);
        }
        else
        {
            drained.Remove(chosen);
        }
    }

    private List<DrainedAnswer> Describe(string name, List<EndpointId> chosen)
    {
        var endpoints = present().Upstreams.TryGetValue(name, out var upstream)
            ? UpstreamStatus.Of(upstream).Endpoints.ToDictionary(endpoint => endpoint.Address, StringComparer.Ordinal)
            : [];
        return
        [
            .. chosen.Select(id => AddressText.Print(id.Address)).Select(address =>
                endpoints.TryGetValue(address, out var endpoint)
                    ? new DrainedAnswer(address, endpoint.State, endpoint.ActiveConnections)
                    : new DrainedAnswer(address, null, 0)),
        ];
    }
}
