using System.Globalization;
using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Policies.Cors;

/// <summary>
/// Tells browsers which pages of other origins may use a route (the CORS protocol, fetch.spec.whatwg.org section 3.3). Immutable and thread-safe.
/// </summary>
/// <remarks>
/// A preflight has neither credentials nor a body, so it is answered before anybody asks for them. One of an origin that may not is refused with
/// 403: to a browser all is the same that does not allow it, and an operator sees in logs and metrics who was turned away. A method or field that
/// may not be used is answered with those that may, which a browser tells its developer. A request itself is never refused for its origin:
/// the answer only does not say that the page may read it. A WebSocket is, because browsers open one for any page and ask nobody (trap W3);
/// a client that sends no Origin is no browser.
/// </remarks>
internal sealed class CorsPolicy : HttpPolicy
{
    private readonly CorsOptions _options;
    private readonly OriginSet _origins;
    private readonly byte[] _methods;
    private readonly byte[] _headers;
    private readonly byte[] _exposed;
    private readonly byte[] _maxAge;

    private CorsPolicy(CorsOptions options)
    {
        _options = options;
        _origins = new OriginSet(options.Origins);
        _methods = List(options.Methods);
        _headers = List(options.Headers);
        _exposed = List(options.Expose);
        _maxAge = Encoding.ASCII.GetBytes(((long)options.MaxAge.TotalSeconds).ToString(CultureInfo.InvariantCulture));
    }

    /// <inheritdoc/>
    public override string Key => "cors";

    /// <summary>The policy, or null where nothing is said of other origins.</summary>
    public static CorsPolicy? Create(PolicyBuild build) => build.Options.Cors is { } options ? new CorsPolicy(options) : null;

    /// <inheritdoc/>
    public override ValueTask<PolicyOutcome> OnRequestAsync(Exchange exchange) => new(Decide(exchange));

    /// <inheritdoc/>
    public override void OnResponse(Exchange exchange)
    {
        var fields = exchange.Response.Fields;
        RemoveEndpoints(fields);
        var isPreflight = Preflight.Is(exchange.Request);
        AddVary(fields, isPreflight);
        if (IsForAll)
        {
            fields.Add("Access-Control-Allow-Origin"u8, "*"u8);
        }
        else if (exchange.AllowedOrigin.Length > 0)
        {
            fields.Add("Access-Control-Allow-Origin"u8, exchange.AllowedOrigin.Of(exchange.Request.Fields));
            if (_options.Credentials)
            {
                fields.Add("Access-Control-Allow-Credentials"u8, "true"u8);
            }
        }
        else
        {
            return;
        }

        if (!isPreflight)
        {
            AddList(fields, "Access-Control-Expose-Headers"u8, _exposed);
            return;
        }

        AddList(fields, "Access-Control-Allow-Methods"u8, _methods);
        AddList(fields, "Access-Control-Allow-Headers"u8, _headers);
        fields.Add("Access-Control-Max-Age"u8, _maxAge);
    }

    // Where a browser sends what identifies its user, it takes no `*` for an answer; and a check of the file refuses that.
    private bool IsForAll => _origins.HasAll && !_options.Credentials;

    private PolicyOutcome Decide(Exchange exchange)
    {
        var request = exchange.Request;
        var at = request.Fields.Find(KnownHeader.Origin);
        if (at < 0)
        {
            return PolicyOutcome.Skipped("no_origin");
        }

        // Of two, endpoints and browsers could mean different ones.
        var origin = new Slice(request.Fields[at].ValueStart, request.Fields[at].ValueLength);
        var isAllowed = IsForAll || (request.Fields.Find(KnownHeader.Origin, at + 1) < 0 && _origins.Contains(origin.Of(request.Fields)));
        if (isAllowed && !IsForAll)
        {
            // Any other text may be anything.
            exchange.Decisions.Note("origin", origin.Of(request.Fields));
        }

        exchange.AllowedOrigin = isAllowed ? origin : default;
        if (Preflight.Is(request))
        {
            if (!isAllowed)
            {
                return PolicyOutcome.Refuse(FaultKind.OriginDenied);
            }

            exchange.Response.Status = 204;
            return PolicyOutcome.Answer;
        }

        return isAllowed ? PolicyOutcome.AllowedFor("origin_allowed")
            : request.WantsWebSocket ? PolicyOutcome.Refuse(FaultKind.OriginDenied)
            : PolicyOutcome.AllowedFor("origin_other");
    }

    // What an endpoint says of other origins is not the route's word; two answers beside each other are none to a browser.
    private static void RemoveEndpoints(HeaderList fields)
    {
        var prefix = "access-control-"u8;
        for (var at = 0; at < fields.Count; at++)
        {
            if (fields[at].NameLength > prefix.Length && System.Text.Ascii.EqualsIgnoreCase(fields.Name(at)[..prefix.Length], prefix))
            {
                fields.RemoveAt(at);
            }
        }
    }

    // For caches: another origin is another answer.
    private static void AddVary(HeaderList fields, bool isPreflight)
    {
        for (var at = fields.Find("vary"u8); at >= 0; at = fields.Find("vary"u8, at + 1))
        {
            var value = fields.Value(at);
            foreach (var range in value.Split((byte)','))
            {
                var name = FieldText.Trim(value[range]);
                if (name.SequenceEqual("*"u8) || System.Text.Ascii.EqualsIgnoreCase(name, "origin"u8))
                {
                    return;
                }
            }
        }

        fields.Add("Vary"u8, isPreflight ? "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"u8 : "Origin"u8);
    }

    private static void AddList(HeaderList fields, ReadOnlySpan<byte> name, byte[] list)
    {
        if (list.Length > 0)
        {
            fields.Add(name, list);
        }
    }

    private static byte[] List(IEnumerable<string> names) => Encoding.ASCII.GetBytes(string.Join(", ", names));
}
