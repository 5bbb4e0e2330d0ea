using System.Buffers;
using System.Collections.Immutable;
using System.Net;
using System.Text;
using LoadBalancer.Connections.IpAllowList;
using LoadBalancer.Faults;
using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Server.Http1;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Explaining;

/// <summary>
/// Says what would be done with a request, and why, by doing it with nobody at either end: the exchange goes the way of any other, up to the point
/// where an endpoint would be asked (<see cref="HttpProxy.AnswerAsync"/>), and what is told is read off it. Thread-safe.
/// </summary>
/// <param name="loop">Where it is done: the loop of an lb that runs, or one without connections.</param>
internal sealed class Explainer(EventLoop loop)
{
    private const string MadeAnew = "(made anew for each request)";

    /// <summary>Explains one request.</summary>
    /// <param name="proxy">What the listener does with its requests.</param>
    /// <param name="request">The request.</param>
    /// <param name="rehearsal">What is assumed; for this request alone.</param>
    /// <param name="redaction">What is not shown.</param>
    /// <returns>On the thread pool.</returns>
    public async Task<Explanation> ExplainAsync(HttpProxy proxy, RehearsedRequest request, Rehearsal rehearsal, Redaction redaction)
    {
        await loop;
        Explanation explanation;
        try
        {
            explanation = await RehearseAsync(proxy, request, rehearsal, redaction);
        }
        finally
        {
            // Whoever waits for it may wait for anything.
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        }

        return explanation;
    }

    /// <summary>The route that has a request, and nothing else of it; null for none. Any thread.</summary>
    public Route? RouteOf(HttpProxy proxy, RehearsedRequest request)
    {
        var exchange = new Exchange(loop) { Proxy = proxy };
        var head = exchange.Request;
        return Read(request, head, proxy.HeadLimits) == FaultKind.None && HostName.Read(head) == FaultKind.None && CanonicalPath.Read(head) == FaultKind.None
            && proxy.Routes.Match(exchange) == FaultKind.None
            ? exchange.Route
            : null;
    }

    private async Task<Explanation> RehearseAsync(HttpProxy proxy, RehearsedRequest request, Rehearsal rehearsal, Redaction redaction)
    {
        // Not one of the loop's: nothing of a rehearsal is to be seen where exchanges are counted.
        var exchange = new Exchange(loop) { Proxy = proxy, Rehearsal = rehearsal, Carrier = new NoCarrier(), Began = proxy.Time.GetTimestamp() };
        (exchange.Peer, exchange.Local) = (request.Peer, request.Local);
        if (proxy.Tls is { } tls)
        {
            exchange.Tls = new RehearsedTls(tls, request.ServerName, request.ClientCertificate);
            exchange.IsSecure = true;
        }

        if (proxy.Policies?.Find<IpAllowListPolicy>() is { } list && list.Judge(request.Peer) is { Failed: true } denied)
        {
            return Describe(exchange, request, rehearsal, redaction) with
            {
                Answer = new AnswerExplanation("closed", null, denied.Reason, "the listener's allow_ips and deny_ips do not let this address connect", []),
            };
        }

        var fault = Read(request, exchange.Request, proxy.HeadLimits);
        if (exchange.Request.Framing == BodyFraming.Chunked || exchange.Request.ContentLength > 0)
        {
            exchange.RequestBody = new BufferedBody(default);
        }

        await proxy.AnswerAsync(exchange, fault);
        return Describe(exchange, request, rehearsal, redaction);
    }

    // By the parser of any other request: what cannot be sent is refused as it would be.
    private static FaultKind Read(RehearsedRequest request, RequestHead head, in HeadLimits limits)
    {
        var text = new StringBuilder().Append(request.Method).Append(' ').Append(request.Target).Append(" HTTP/1.1\r\n");
        if (!request.Fields.Any(field => field.StartsWith("Host:", StringComparison.OrdinalIgnoreCase)))
        {
            text.Append("Host: ").Append(request.Authority).Append("\r\n");
        }

        foreach (var field in request.Fields)
        {
            text.Append(field).Append("\r\n");
        }

        var scan = default(HeadScan);
        var bytes = new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(text.Append("\r\n").ToString()));
        return HeadParser.TryReadRequest(bytes, head, limits, ref scan, out _, out var fault) == HeadStatus.Complete ? FaultKind.None
            : fault == FaultKind.None ? FaultKind.RequestInvalid
            : fault;
    }

    private static Explanation Describe(Exchange exchange, RehearsedRequest request, Rehearsal rehearsal, Redaction redaction)
    {
        var (head, route) = (exchange.Request, exchange.Route);
        var wasRouted = head.PathSlice.Length > 0;
        var misses = wasRouted ? exchange.Proxy.Routes.Rivals.Explain(head, route) : [];
        return new Explanation
        {
            Listener = exchange.Proxy.Listener,
            Request = new RequestExplanation(
                request.Method, redaction.Query(request.Url), Text(head.Host), Text(head.Path), exchange.ClientAddress?.ToString() ?? (request.Peer as IPEndPoint)?.Address.ToString()),
            Route = route is null ? null : new RouteExplanation(
                route.Name, route.Options.Host, route.Template, [.. Conditions(route.Options).Select(redaction.Text)], [.. Captures(exchange, route)]),
            Misses = [.. misses.Take(Explanation.MostMisses).Select(miss => miss with { Detail = redaction.Text(miss.Detail) })],
            MoreMisses = Math.Max(0, misses.Count - Explanation.MostMisses),
            Policies = PoliciesOf(exchange, redaction),
            Identity = exchange.Identity is { } identity ? new IdentityExplanation(identity.Provider, identity.Subject, identity.Plan, identity.Roles, identity.Scopes) : null,
            Actions = rehearsal.Actions,
            Sent = Sent(exchange, request, rehearsal, redaction),
            Answer = AnswerOf(exchange, rehearsal, redaction),
        };
    }

    private static AnswerExplanation AnswerOf(Exchange exchange, Rehearsal rehearsal, Redaction redaction)
    {
        var (fault, response) = (exchange.Fault, exchange.Response);
        if (!exchange.Carrier.HasStarted && !fault.Failed)
        {
            return new AnswerExplanation("forwarded", null, null, null, []);
        }

        ImmutableArray<string> fields = [.. Lines(response.Fields).Select(redaction.Field)];
        return fault.Failed
            ? new AnswerExplanation("refused", response.Status > 0 ? response.Status : 500, fault.Reason, FaultText.Of(fault.Kind, exchange), fields)
            : new AnswerExplanation("answered", response.Status, null, null, fields);
    }

    private static IEnumerable<string> Conditions(RouteOptions options) =>
    [
        .. options.Methods.Count > 0 ? (string[])[$"methods {MethodSet.Of(options.Methods)}"] : [],
        .. options.Headers.Select(header => $"header {header.Key}: {header.Value}"),
        .. options.Query.Select(parameter => $"query {parameter.Key}={parameter.Value}"),
    ];

    private static IEnumerable<FactExplanation> Captures(Exchange exchange, Route route) =>
        route.Policies.Captures.Select((name, at) => new FactExplanation(name, Text(exchange.Captures[at].Of(exchange.Request.Fields))));

    /// <summary>What the policies have decided, and those that nobody asked.</summary>
    internal static IReadOnlyList<PolicyExplanation> PoliciesOf(Exchange exchange, Redaction redaction)
    {
        var asked = PolicyTrace.Of(exchange.Decisions, redaction);
        return exchange.Route is { } route
            ? [.. asked, .. route.Policies.Steps[asked.Count..].ToArray().Select(step => new PolicyExplanation(step.Policy.Key, "not_reached", null, []))]
            : asked;
    }

    private static List<string> Sent(Exchange exchange, RehearsedRequest request, Rehearsal rehearsal, Redaction redaction)
    {
        var lines = Encoding.UTF8.GetString(rehearsal.Sent).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        return [.. lines.Take(1).Select(redaction.Query), .. lines.Skip(1).Select(line => redaction.Field(IsOurs(line, exchange, request) ? $"{line[..line.IndexOf(':', StringComparison.Ordinal)]}: {MadeAnew}" : line))];
    }

    // An id that no log will ever have would be looked for in vain.
    private static bool IsOurs(string line, Exchange exchange, RehearsedRequest request) =>
        line.StartsWith("traceparent:", StringComparison.OrdinalIgnoreCase)
        || (line.StartsWith("X-Request-Id:", StringComparison.OrdinalIgnoreCase) && line.EndsWith(Text(exchange.RequestId), StringComparison.Ordinal)
            && !request.Fields.Any(field => field.EndsWith(Text(exchange.RequestId), StringComparison.Ordinal)));

    private static IEnumerable<string> Lines(HeaderList fields)
    {
        for (var at = 0; at < fields.Count; at++)
        {
            if (!fields[at].Removed)
            {
                yield return $"{Text(fields.Name(at))}: {Text(fields.Value(at))}";
            }
        }
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);
}
