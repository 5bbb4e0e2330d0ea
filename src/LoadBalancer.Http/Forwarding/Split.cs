using System.Text;
using LoadBalancer.Balancing;
using LoadBalancer.Faults;
using LoadBalancer.Http.Explaining;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Forwarding;

/// <summary>
/// Several handlers that share a route's exchanges. A client that brings the cookie of an earlier choice stays with it; without a cookie, or
/// with one that names nobody any more, chance decides, and the cookie is set. Immutable and thread-safe.
/// </summary>
internal sealed class Split : HttpHandler
{
    private readonly HttpHandler[] _handlers;
    private readonly string[] _names;
    private readonly double[] _upTo;
    private readonly byte[][] _tokens;
    private readonly byte[][] _setCookies;
    private readonly byte[]? _cookie;
    private readonly uint _seed;
    private uint _count;

    /// <summary>Shares by the names of the handlers.</summary>
    /// <param name="shares">The name of each, which only a hash of is shown to clients, who does the work, and its share; together 1.</param>
    /// <param name="cookie">The name of the cookie; null where a client has no place.</param>
    /// <param name="seed">Where chance begins.</param>
    public Split(IReadOnlyList<(string Name, HttpHandler Handler, double Share)> shares, string? cookie, int seed)
    {
        _handlers = [.. shares.Select(share => share.Handler)];
        _names = [.. shares.Select(share => share.Name)];
        _tokens = [.. shares.Select(share => Encoding.ASCII.GetBytes(HashKey.Of(Encoding.UTF8.GetBytes(share.Name)).ToString("x16", System.Globalization.CultureInfo.InvariantCulture)))];
        _upTo = new double[shares.Count];
        var sum = 0.0;
        for (var at = 0; at < shares.Count; at++)
        {
            _upTo[at] = sum += shares[at].Share;
        }

        _cookie = cookie is null ? null : Encoding.ASCII.GetBytes(cookie);
        _setCookies = [.. _tokens.Select(token => Encoding.ASCII.GetBytes($"{cookie}={Encoding.ASCII.GetString(token)}; Path=/; HttpOnly; SameSite=Lax"))];
        _seed = (uint)seed;
    }

    /// <inheritdoc/>
    public override ValueTask<Fault> HandleAsync(Exchange exchange)
    {
        var chosen = _cookie is null ? -1 : Chosen(exchange.Request.Fields);
        if (chosen < 0)
        {
            chosen = At(Interlocked.Increment(ref _count));
            if (_cookie is not null)
            {
                exchange.StickyCookie = _setCookies[chosen];
            }
        }

        return _handlers[chosen].HandleAsync(exchange);
    }

    /// <inheritdoc/>
    public override ValueTask<Fault> RehearseAsync(Exchange exchange, Rehearsal rehearsal)
    {
        var before = _cookie is null ? -1 : Chosen(exchange.Request.Fields);
        var chosen = before < 0 ? At(Volatile.Read(ref _count) + 1) : before;
        rehearsal.Actions.Add(new ActionExplanation("split", before < 0 ? "by chance" : "by the client's cookie")
        {
            Shares = ShareExplanation.Of(_names, _upTo, chosen),
        });
        return _handlers[chosen].RehearseAsync(exchange, rehearsal);
    }

    private int Chosen(HeaderList fields)
    {
        if (CookieText.TryFind(fields, _cookie, out var value))
        {
            for (var at = 0; at < _tokens.Length; at++)
            {
                // A share of nothing is how an operator ends a version: its clients move on.
                if (value.SequenceEqual(_tokens[at]) && _upTo[at] > (at == 0 ? 0 : _upTo[at - 1]))
                {
                    return at;
                }
            }
        }

        return -1;
    }

    // A sequence that fills the unit interval evenly, so that ten requests at 90% and 10% are nine and one and not whatever chance brings.
    private int At(uint count)
    {
        var point = unchecked((count + _seed) * 2654435769u) / 4294967296.0;
        var at = 0;
        while (at < _upTo.Length - 1 && point >= _upTo[at])
        {
            at++;
        }

        return at;
    }
}
