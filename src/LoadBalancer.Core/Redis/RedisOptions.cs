using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Values;
using LoadBalancer.Tls;

namespace LoadBalancer.Redis;

/// <summary>The Redis in which instances count together: the file's <c>state.redis</c>.</summary>
internal sealed record RedisOptions : IConfigurable<RedisOptions>
{
    /// <inheritdoc/>
    public static Shape<RedisOptions> Shape { get; } = new(
        "redis",
        "The Redis (5 or later, or Valkey) in which instances count together.",
        "{address: redis://10.0.0.9:6379, user: lb, password: \"${credential:redis}\"}", () => new(), shortForm: "address")
    {
        {
            "address", Kinds.List(new RedisAddressKind()), o => o.Address, (o, value) => o with { Address = value },
            "`redis://[user:password@]host[:port][/database]`, with `rediss://` for TLS, or `unix:/path`. Of several, the first that answers and takes writes is used; of a cluster they are nodes to begin with. " +
            "Names are looked up again with each connection. A password is a reference: `redis://:${credential:redis}@10.0.0.9`.",
            Presence.Required
        },
        {
            "user", Kinds.Text(256).OrNull("default"), o => o.User, (o, value) => o with { User = value },
            "Who asks, where it is not in the address."
        },
        {
            "password", new SecretKind(shortest: 1).OrNull("none"), o => o.Password, (o, value) => o with { Password = value },
            "Their password, where it is not in the address."
        },
        {
            "tls", Kinds.Record<UpstreamTlsOptions>().OrNull("default"), o => o.Tls, (o, value) => o with { Tls = value },
            "How TLS is spoken with `rediss://`. Left out: with an authority of this machine, and the address's own name."
        },
        {
            "database", Kinds.Integer(0, 16383), o => o.Database, (o, value) => o with { Database = value },
            "The number of the database, where it is not in the address. A cluster has the first only."
        },
        {
            "cluster", Kinds.Boolean, o => o.Cluster, (o, value) => o with { Cluster = value },
            "True for a Redis cluster: keys are asked for where they are."
        },
        {
            "timeout", Kinds.Duration("5ms", "5s"), o => o.Timeout, (o, value) => o with { Timeout = value },
            "How long an answer may take. A server that is slower, or silent, counts as away, and each limit's `on_failure` decides until it answers again."
        },
    };

    /// <summary>Where it is.</summary>
    public ValueList<RedisAddress> Address { get; init; }

    /// <summary>Who asks; null for the address's own, or the server's default user.</summary>
    public string? User { get; init; }

    /// <summary>Their password; null for the address's own, or none.</summary>
    public Secret? Password { get; init; }

    /// <summary>How TLS is spoken; null for the defaults of <c>rediss://</c>.</summary>
    public UpstreamTlsOptions? Tls { get; init; }

    /// <summary>The number of the database, where no address says another.</summary>
    public int Database { get; init; }

    /// <summary>True for a cluster.</summary>
    public bool Cluster { get; init; }

    /// <summary>How long an answer may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>True where it says who asks of a server and not with which password, so that it would be asked as somebody else.</summary>
    public bool HasUserWithoutPassword => Password is null && Address.Any(address => (User ?? address.User) is not null && address.Password is null);

    /// <summary>What is wrong between keys, as sentences that say what to do.</summary>
    public IEnumerable<string> Contradictions()
    {
        if (Tls is not null && !Address.Any(address => address.IsEncrypted))
        {
            yield return "'tls' is there, but no address begins with rediss://: write rediss:// where TLS is spoken";
        }

        if (Tls is { } tls && (tls.Cert is null) != (tls.Key is null))
        {
            yield return "'tls' has a 'cert' without a 'key', or a 'key' without a 'cert': give both, or neither";
        }

        if (Address.Select(address => address.IsEncrypted).Distinct().Count() > 1)
        {
            yield return "some addresses begin with redis:// or unix: and some with rediss://: write all of them alike, or a password may go out in clear";
        }

        if (Cluster && (Database > 0 || Address.Any(address => address.Database > 0)))
        {
            yield return "a cluster has database 0 only: leave 'database' out";
        }

        if (Cluster && Address.Any(address => address.IsUnix))
        {
            yield return "the nodes of a cluster are not on this machine's Unix sockets: write redis:// addresses, or leave 'cluster' out";
        }
    }
}
