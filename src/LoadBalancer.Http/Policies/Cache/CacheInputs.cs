using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Http.Caching;
using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Templates;

namespace LoadBalancer.Http.Policies.Cache;

/// <summary>
/// What of a request the endpoint of a route that keeps answers gets, and what of that counts for which answer it is: nothing else may be in an answer that is kept (C1).
/// Immutable and thread-safe.
/// </summary>
internal sealed class CacheInputs
{
    private readonly byte[][] _fields;
    private readonly byte[][] _fixed;
    private readonly byte[][]? _parameters;
    private readonly byte[][]? _cookies;

    /// <summary>What a route says.</summary>
    /// <param name="options">Its key.</param>
    /// <param name="set">The fields that its <c>request_headers</c> set, templates by name.</param>
    /// <param name="added">Those that they add.</param>
    /// <param name="captures">What its path captures, in its order.</param>
    public CacheInputs(CacheKeyOptions options, ValueMap<string> set, ValueMap<string> added, IReadOnlyList<string> captures)
    {
        var isFixed = set.ToLookup(field => IsFixed(Template.Parse(field.Value, captures)), field => field.Key);

        // What is added stands beside what the client sends under the name.
        _fields = Distinct(options.Headers.Concat(isFixed[false]).Concat(added.Keys));
        _fixed = Distinct(isFixed[true].Except(added.Keys, StringComparer.OrdinalIgnoreCase));
        _parameters = options.Query is { } query ? [.. query.Select(Encoding.UTF8.GetBytes)] : null;
        _cookies = options.Cookies is { } cookies ? [.. cookies.Select(Encoding.ASCII.GetBytes)] : null;
    }

    /// <summary>The fields that count besides those that always do.</summary>
    public ReadOnlySpan<byte[]> Fields => _fields;

    /// <summary>True where the cookies count that the endpoint gets.</summary>
    public bool CountsCookies => _cookies is not null;

    /// <summary>Takes out of the request what the endpoint is not to get.</summary>
    /// <param name="exchange">The exchange, rewritten already.</param>
    /// <param name="scope">Whose answers are meant.</param>
    public void Reduce(Exchange exchange, CacheScope scope)
    {
        var fields = exchange.Request.Fields;
        if (_cookies is not null && fields.MayHave(KnownHeader.Cookie))
        {
            CookieText.Keep(fields, _cookies, scope.Places);
        }

        if (_parameters is not null)
        {
            var query = exchange.ForwardedQuerySlice ?? exchange.Request.QuerySlice;
            exchange.ForwardedQuerySlice = QueryText.Only(fields, query, _parameters);
        }
    }

    /// <summary>
    /// True where the endpoint got a field of which it may have made its answer, and by which the answer would not be found: one that is neither usual nor of the key, and
    /// that the answer's Vary does not name.
    /// </summary>
    /// <param name="exchange">The exchange, with the head of the answer.</param>
    /// <param name="scope">Whose answer it is.</param>
    public bool HasOther(Exchange exchange, CacheScope scope)
    {
        var fields = exchange.Request.Fields;
        for (var at = 0; at < fields.Count; at++)
        {
            if (!fields[at].Removed && !OpenFields.Has(fields, at) && !CacheKeys.Has(fields[at].Known) && !Counts(exchange, fields, at, scope))
            {
                return true;
            }
        }

        return false;
    }

    // Of credentials the plan of storing judges, and who calls is shared only where the route says so.
    private bool Counts(Exchange exchange, HeaderList fields, int at, CacheScope scope)
    {
        var name = fields.Name(at);
        return fields[at].Known == KnownHeader.Cookie || Has(_fields, name) || Has(_fixed, name) || Has(scope.Conditions, name) || VaryNames.Has(exchange.Response.Fields, name)
            || exchange.Proxy.Providers.Credentials.Has(fields, at) || (exchange.Proxy.IdentityFields is { } identity && identity.Has(name));
    }

    private static bool Has(ReadOnlySpan<byte[]> names, ReadOnlySpan<byte> name)
    {
        foreach (var one in names)
        {
            if (Ascii.EqualsIgnoreCase(one, name))
            {
                return true;
            }
        }

        return false;
    }

    // The id of a request is nothing that an answer is made of: lb tells it to every endpoint.
    private static bool IsFixed(Template value)
    {
        foreach (ref readonly var part in value.Parts)
        {
            if (part.Variable is not (TemplateVariable.None or TemplateVariable.RequestId))
            {
                return false;
            }
        }

        return true;
    }

    private static byte[][] Distinct(IEnumerable<string> names) => [.. names.Distinct(StringComparer.OrdinalIgnoreCase).Select(Encoding.ASCII.GetBytes)];
}
