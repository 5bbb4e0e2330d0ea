using System.Net;
using LoadBalancer.Addresses;
using LoadBalancer.Configuration;
using LoadBalancer.Health;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>
/// What one key alone cannot tell: names that nobody defines, addresses taken twice, upstreams that could never serve.
/// What can never work is an error; what works but is hardly meant is a warning. It sees a configuration that may have
/// errors already, in which a value may be missing, and adds none that merely follows from another.
/// </summary>
/// <param name="options">What was read.</param>
/// <param name="root">Where it was read from, for the places.</param>
/// <param name="reader">Takes the errors.</param>
/// <param name="settings">How it is loaded.</param>
internal sealed class CrossChecks(GatewayOptions options, MapNode root, ConfigReader reader, LoadSettings settings)
{
    private readonly HttpChecks _http = new(options, root, reader, settings);

    /// <summary>Runs every check.</summary>
    /// <param name="includesAreWhole">False where an included file could not be read, which may define any name.</param>
    public void Run(bool includesAreWhole)
    {
        ListenersHaveTheirOwnAddresses();
        var queues = new QueueChecks(options, root, reader);
        queues.ConcurrencyIsUsed();
        foreach (var (name, upstream) in options.Upstreams)
        {
            SomethingServes(name, upstream);
            EndpointsAreDistinct(name, upstream);
            SomeEndpointHasWeight(name, upstream);
            HashIsUsed(name, upstream);
            new ProbeChecks(root, reader).Run(name, upstream);
            new UpstreamTlsChecks(root, reader, settings).Run(name, upstream);
            SlowStartIsUsed(name, upstream);
            PanicIsUsed(name, upstream);
            EjectionsArePossible(name, upstream);
            queues.PendingIsUsed(name, upstream);
            ProtocolIsPossible(name, upstream);
        }

        foreach (var (name, listener) in options.Listeners)
        {
            ListenerLeadsByOneRule(name);
            _http.Run(name, listener);
            new TlsChecks(root, reader, settings, TimeProvider.System).Run(name, listener);
            SomeClientMayConnect(name, listener);
            BoundOfAClientIsReached(name, listener);
        }

        foreach (var (name, provider) in options.Auth)
        {
            ProviderHasOneKind(name);
            if (provider.Jwt is { } jwt)
            {
                new JwtChecks(root, reader, settings).Run(name, jwt);
            }
        }

        new CredentialChecks(options, root, reader, settings).Run();
        new IssuerChecks(options, root, reader, settings).Run();
        new LimitChecks(options, root, reader, settings).Run();
        new SelfChecks(options, root, reader).Run();
        new RedisChecks(root, reader, settings).Run(options.State.Redis);
        if (!settings.Fragment)
        {
            SomethingListens();
        }

        var namesAreKnown = root.Find("upstreams")?.Value is null or MapNode or ScalarNode { IsEmpty: true };
        if (!settings.Fragment && namesAreKnown && includesAreWhole)
        {
            UpstreamsAreDefined();
            UpstreamsAreUsed();
        }
    }

    // Also the shield against a file that is seen half written: an empty one must not close every listener on a reload.
    private void SomethingListens()
    {
        if (options.Listeners.Count == 0 && root.Find("listeners")?.Value is null or MapNode or ScalarNode { IsEmpty: true })
        {
            reader.Error(root.Find("listeners")?.Place ?? SourceSpan.Whole(root.Span.File), "there is no listener: 'listeners' needs at least one");
        }
    }

    private void ProviderHasOneKind(string name)
    {
        var kinds = string.Join(", ", ProviderOptions.Shape.Keys.Select(key => key.Name));
        if (root.Locate("auth", name) is MapNode { Entries: var entries } written && entries.Count != 1)
        {
            reader.Error(entries.Count > 1 ? entries[1].Place : written.Span, $"an entry of 'auth' is of one kind, and '{name}' has {entries.Count}: give it one of {kinds}");
        }
    }

    private void UpstreamsAreDefined()
    {
        foreach (var (name, listener) in options.Listeners)
        {
            foreach (var (upstream, place) in _http.UndefinedNamesOf(name, listener))
            {
                UpstreamIsDefined(upstream, place);
            }

            if (listener.Tcp is not { } tcp)
            {
                continue;
            }

            UpstreamIsDefined(tcp.Upstream, root.Locate("listeners", name, "tcp", "upstream"));
            UpstreamIsDefined(tcp.Otherwise, root.Locate("listeners", name, "tcp", "otherwise"));
            foreach (var entry in (root.Locate("listeners", name, "tcp", "sni") as MapNode)?.Entries ?? [])
            {
                UpstreamIsDefined(tcp.Sni.GetValueOrDefault(entry.Key.ToLowerInvariant()), entry.Value);
            }
        }
    }

    private void UpstreamIsDefined(string? upstream, ConfigNode node)
    {
        if (upstream is not null && !options.Upstreams.ContainsKey(upstream))
        {
            var suggestion = node is ScalarNode scalar && scalar.Written == upstream && !reader.IsFull ? NearestName.Suggest(upstream, options.Upstreams.Keys) : "";
            reader.Error(node.Span, $"no upstream is called {node.Found}{suggestion}");
        }
    }

    private void UpstreamsAreUsed()
    {
        var used = options.Listeners.Values.SelectMany(listener => listener.Upstreams).ToHashSet(StringComparer.Ordinal);
        // A listener with an error may be the one that uses it.
        var unsure = reader.Errors.Count > 0 || options.Listeners.Values.Any(listener => listener.Http is null && !listener.Upstreams.Any());
        foreach (var name in options.Upstreams.Keys.Where(name => !used.Contains(name) && !unsure))
        {
            reader.Warn(((MapNode)root.Locate("upstreams")).Find(name)!.Place, $"no listener leads to the upstream '{name}'");
        }
    }

    private void ListenerLeadsByOneRule(string name)
    {
        const string Needed = "'tcp' needs the key 'upstream': the name of an upstream, or the key 'sni': a map of them by host";
        var written = (root.Locate("listeners", name) as MapNode)?.Find("tcp")?.Value;
        if (written is not MapNode tcp)
        {
            // A plain value is an upstream, and anything else was reported.
            if (written is ScalarNode { IsEmpty: true })
            {
                reader.Error(written.Span, Needed);
            }

            return;
        }

        var (upstream, sni, otherwise) = (tcp.Find("upstream"), tcp.Find("sni"), tcp.Find("otherwise"));
        if (upstream is not null && sni is not null)
        {
            reader.Error(sni.Place, "'tcp' has either 'upstream' or 'sni'; for the connections that no name leads on there is 'otherwise'");
        }
        else if (upstream is null && sni is null && tcp.Entries.All(entry => ReferenceEquals(entry, otherwise)))
        {
            reader.Error(tcp.Span, Needed);
        }
        else if (otherwise is not null && sni is null)
        {
            reader.Error(otherwise.Place, "'otherwise' means something only with 'sni'");
        }
    }

    private void ListenersHaveTheirOwnAddresses()
    {
        var taken = new Dictionary<EndPoint, string>();
        // What the file does not say has no place in it, so it goes first, and the error is where a listener wants its address.
        var unsaid = root.Locate("admin") is not MapNode admin || admin.Find("bind") is null;
        if (unsaid)
        {
            Take(taken, options.Admin.Bind, "the default of admin.bind", "admin", "bind");
        }

        foreach (var (name, listener) in options.Listeners)
        {
            Take(taken, listener.Bind, $"the listener '{name}'", "listeners", name, "bind");
        }

        if (!unsaid)
        {
            Take(taken, options.Admin.Bind, "the admin listener", "admin", "bind");
        }
    }

    private void Take(Dictionary<EndPoint, string> taken, ValueList<EndPoint> bind, string owner, params string[] path)
    {
        for (var index = 0; index < bind.Count; index++)
        {
            var address = bind[index];
            // Every listener with port 0 gets a port of its own.
            if (address is IPEndPoint { Port: 0 } || taken.TryAdd(address, owner))
            {
                continue;
            }

            var place = root.Locate(path).LocateItem(index, bind.Count);
            reader.Error(place.Span, $"the address {place.Found} is taken already by {taken[address]}");
        }
    }

    private void EndpointsAreDistinct(string name, UpstreamOptions upstream)
    {
        var seen = new HashSet<EndPoint>();
        for (var index = 0; index < upstream.Endpoints.Count; index++)
        {
            if (upstream.Endpoints[index].Address is { } address && !seen.Add(SelfChecks.Unmapped(address)))
            {
                var place = root.Locate("upstreams", name, "endpoints").LocateItem(index, upstream.Endpoints.Count).Locate("address");
                reader.Error(place.Span, $"the address {place.Found} stands twice in the upstream '{name}'; give one endpoint a higher weight instead");
            }
        }
    }

    private void SomethingServes(string name, UpstreamOptions upstream)
    {
        // A key with an error in it was reported, and may have been the one.
        var map = root.Locate("upstreams", name) as MapNode;
        if (upstream.Endpoints.Count == 0 && upstream.Discover is null && map?.Find("endpoints") is null
            && (map?.Find("discover") is not { } discover || discover.Value is ScalarNode { Written: "none" }))
        {
            reader.Error(
                root.Locate("upstreams", name).Span,
                $"the upstream '{name}' has neither 'endpoints' nor 'discover': list its endpoints, or look them up with discover: {{dns: \"{name}.internal:8000\"}}");
        }
    }

    private void SomeEndpointHasWeight(string name, UpstreamOptions upstream)
    {
        if (upstream.Endpoints.Count > 0 && upstream.Discover is not { Weight: > 0 } && upstream.Endpoints.All(endpoint => endpoint.Weight == 0))
        {
            reader.Error(root.Locate("upstreams", name, "endpoints").Span, $"every endpoint of the upstream '{name}' has weight 0, so none gets a connection");
        }
    }

    private void HashIsUsed(string name, UpstreamOptions upstream)
    {
        var map = root.Locate("upstreams", name) as MapNode;
        var written = map?.Find("balance")?.Value as ScalarNode;
        if (map?.Find("hash") is { } hash && upstream.Balance != "hash" && (written is null || written.Written == upstream.Balance))
        {
            reader.Warn(hash.Place, $"'hash' means something only with 'balance: hash', and the upstream '{name}' has 'balance: {upstream.Balance}'");
        }
    }

    private void SlowStartIsUsed(string name, UpstreamOptions upstream)
    {
        if (upstream is { Balance: "hash", SlowStart: not null } && (root.Locate("upstreams", name) as MapNode)?.Find("slow_start") is { } written)
        {
            reader.Warn(written.Place, $"'slow_start' does nothing with 'balance: hash', which the upstream '{name}' has: a ramp would move its keys again and again");
        }
    }

    private void PanicIsUsed(string name, UpstreamOptions upstream)
    {
        if (upstream.Health.Active is null && (root.Locate("upstreams", name, "health") as MapNode) is { } health
            && health.Find("panic") is { } written && health.Find("active")?.Value is null or ScalarNode)
        {
            reader.Warn(written.Place, $"'panic' means something only with probes, and the upstream '{name}' has none: give it 'active'");
        }
    }

    private void EjectionsArePossible(string name, UpstreamOptions upstream)
    {
        if (upstream is { Discover: null, Endpoints.Count: > 1 and var count, Health.Passive: { MaxEjected: > 0 } passive } && EjectionRules.Most(passive, count) == 0
            && (root.Locate("upstreams", name, "health", "passive") as MapNode)?.Find("max_ejected") is { } written)
        {
            reader.Warn(written.Place, $"'max_ejected' is rounded down, and of the {count} endpoints of the upstream '{name}' that is none: write {Math.Ceiling(100.0 / count)}% or more, or 'passive: off'");
        }
    }

    private void ProtocolIsPossible(string name, UpstreamOptions upstream)
    {
        if (upstream.Protocol == UpstreamProtocol.Http1)
        {
            return;
        }

        var map = root.Locate("upstreams", name) as MapNode;
        if (map?.Find("protocol") is not { Value: ScalarNode { Written: var word } } written)
        {
            return;
        }

        if (upstream is { SendProxyProtocol: not null, Protocol: UpstreamProtocol.Http2 or UpstreamProtocol.Grpc } && map.Find("send_proxy_protocol") is { } header)
        {
            reader.Error(
                header.Place,
                $"'send_proxy_protocol' cannot be with 'protocol: {word}', which the upstream '{name}' has: one connection carries the requests of many clients, and the header names one. " +
                "The endpoint learns who the client is from X-Forwarded-For");
        }

        if (options.Listeners.FirstOrDefault(listener => listener.Value.Tcp is not null && listener.Value.Upstreams.Contains(name)) is { Key: { } tcp })
        {
            reader.Error(
                written.Place,
                $"'protocol: {word}' cannot be where the tcp listener '{tcp}' leads to the upstream '{name}': on tcp the bytes of the client go to the endpoint as they are. " +
                "Give the listener 'http' instead, or leave 'protocol' out");
        }
    }

    // An item that is denied as a whole does nothing; where that is all of them, the listener serves nobody.
    private void SomeClientMayConnect(string name, ListenerOptions listener)
    {
        var (allowed, denied) = (listener.ConnectionPolicies.AllowIps, listener.ConnectionPolicies.DenyIps);
        var refused = new IpSet(denied);
        var dead = Enumerable.Range(0, allowed.Count).Where(index => refused.Contains(allowed[index])).ToList();
        if (dead.Count > 0 && dead.Count == allowed.Count)
        {
            reader.Error(root.Locate("listeners", name, "allow_ips").Span, $"no client may connect to the listener '{name}': deny_ips has all that allow_ips has");
            return;
        }

        foreach (var index in dead)
        {
            var place = root.Locate("listeners", name, "allow_ips").LocateItem(index, allowed.Count);
            reader.Warn(place.Span, $"{place.Found} is denied by deny_ips, so allowing it does nothing");
        }
    }

    private void BoundOfAClientIsReached(string name, ListenerOptions listener)
    {
        if (listener.ConnectionPolicies.MaxConnectionsPerClient > listener.MaxConnections)
        {
            reader.Warn(
                root.Locate("listeners", name, "max_connections_per_client").Span,
                $"max_connections_per_client is above max_connections of the listener '{name}', {listener.MaxConnections}, so one client can take all of them");
        }
    }
}
