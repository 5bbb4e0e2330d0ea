using System.Collections.Immutable;
using LoadBalancer.Balancing;
using LoadBalancer.Configuration;
using LoadBalancer.Endpoints;

namespace LoadBalancer.Upstreams;

/// <summary>
/// Who belongs to an upstream: what the file lists, then what discovery has found. Immutable; a change makes the next one,
/// which keeps the <see cref="Endpoint"/> of every identity that stays.
/// </summary>
/// <remarks>
/// An endpoint that is found no more is remembered while connections to it are open, or an operator has said something of it: a record
/// that flips comes back to the same load, not to an endpoint that seems idle, and no flip undoes what an operator said.
/// </remarks>
internal sealed class Membership
{
    private readonly string _upstream;
    private readonly ValueList<EndpointOptions> _written;
    private readonly BuildContext _context;
    private readonly ImmutableArray<Endpoint> _departed;

    private Membership(string upstream, ValueList<EndpointOptions> written, ValueList<EndpointOptions> discovered, Membership? before, BuildContext context)
    {
        _upstream = upstream;
        _written = written;
        _context = context;
        Discovered = discovered;

        ImmutableArray<Endpoint> known = before is null ? [] : [.. before.All.Select(member => member.Endpoint), .. before._departed];
        var byId = known.ToDictionary(endpoint => endpoint.Id);
        var present = before is null ? [] : before.All.Select(member => member.Endpoint.Id).ToHashSet();
        // Where both name an address, the file's own line says more than a name does.
        All =
        [
            .. written.Items.Concat(discovered.Items).DistinctBy(options => options.Address).Select(options =>
            {
                var id = new EndpointId(upstream, options.Address);
                var endpoint = present.Contains(id) ? byId[id] : Join(byId.GetValueOrDefault(id) ?? new Endpoint(id, context.Loops), context);
                return new Member(endpoint, endpoint.AssignedWeight ?? options.Weight, options.Backup);
            }),
        ];
        var members = All.Select(member => member.Endpoint).ToHashSet();
        _departed = [.. known.Where(endpoint => !members.Contains(endpoint) && (endpoint.Load.Active > 0 || endpoint.IsDrained || endpoint.AssignedWeight is not null))];
    }

    /// <summary>Every member: the file's in its order, then the discovered in theirs.</summary>
    public ImmutableArray<Member> All { get; }

    /// <summary>What discovery has found last.</summary>
    public ValueList<EndpointOptions> Discovered { get; }

    /// <summary>Leases that are open, of those who are gone too.</summary>
    public int OpenLeases => All.Sum(member => member.Endpoint.Load.Active) + _departed.Sum(endpoint => endpoint.Load.Active);

    /// <summary>The members of a new upstream: what it lists, and, if it has a discovery too, what that of the one before had found.</summary>
    /// <param name="upstream">Its name.</param>
    /// <param name="options">What the file says of it.</param>
    /// <param name="before">The members of the upstream that it replaces; null where there is none.</param>
    /// <param name="discovers">True where it has a discovery.</param>
    /// <param name="context">How many event loops count at an endpoint, and who remembers its drain.</param>
    public static Membership Of(string upstream, UpstreamOptions options, Membership? before, bool discovers, BuildContext context) =>
        new(upstream, options.Endpoints, discovers && before is not null ? before.Discovered : [], before, context);

    /// <summary>The members when discovery has found <paramref name="discovered"/>; itself where that is no news.</summary>
    public Membership With(ValueList<EndpointOptions> discovered) =>
        discovered == Discovered ? this : new Membership(_upstream, _written, discovered, this, _context);

    /// <summary>The members with the weights that operators have given them by now.</summary>
    public Membership Reweighed() => new(_upstream, _written, Discovered, this, _context);

    // Whoever was away may have been drained, enabled or given a weight in the meantime.
    private static Endpoint Join(Endpoint endpoint, BuildContext context)
    {
        if (context.AssignedWeight is { } assigned)
        {
            endpoint.AssignedWeight = assigned(endpoint.Id);
        }

        if (context.IsDrained is { } remembers)
        {
            endpoint.IsDrained = remembers(endpoint.Id);
        }

        return endpoint;
    }
}
