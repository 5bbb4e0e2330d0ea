using System.Buffers;
using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Policies;
using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Server.Http1;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Explaining;

/// <summary>
/// Leads requests that were made before through the routes and limits of a listener, which charge them as they would: not a rehearsal. Of the other policies only
/// the lists of addresses are asked; whether a credential was good is the log's to say. Its limits count in this process. One request at a time, on one thread.
/// </summary>
/// <param name="loop">The loop whose exchanges it uses.</param>
internal sealed class LimitReplay(EventLoop loop)
{
    private const string Limits = "rate_limit";

    // Nobody asks whether these are in shadow: what they refuse there was refused, or was not.
    private const string Addresses = "allow_ips";
    private const string Authentication = "auth";

    private readonly Stack<Exchange> _free = new();
    private byte[] _head = new byte[1024];

    /// <summary>Puts one request; <see cref="End"/> has to follow, when it ended.</summary>
    /// <param name="proxy">The listener.</param>
    /// <param name="request">The request.</param>
    /// <param name="exchange">It, with its route and what the policies have decided.</param>
    public ReplayOutcome Begin(HttpProxy proxy, in ReplayedRequest request, out Exchange exchange)
    {
        exchange = _free.TryPop(out var used) ? used : new Exchange(loop);
        (exchange.Proxy, exchange.Carrier, exchange.ClientAddress) = (proxy, new NoCarrier(), request.Client);
        var head = exchange.Request;
        return Read(request, head, proxy.HeadLimits) && HostName.Read(head) == FaultKind.None && CanonicalPath.Read(head) == FaultKind.None && proxy.Routes.Match(exchange) == FaultKind.None
            ? Ask(exchange, request)
            : ReplayOutcome.Unrouted;
    }

    /// <summary>It has ended.</summary>
    public void End(Exchange exchange)
    {
        exchange.Route?.Policies.OnEnd(exchange);
        exchange.Reset();
        _free.Push(exchange);
    }

    private static ReplayOutcome Ask(Exchange exchange, in ReplayedRequest request)
    {
        var steps = exchange.Route!.Policies.Steps;
        var isUndecided = false;
        for (var at = 0; at < steps.Length; at++)
        {
            var (policy, isShadow) = steps[at];
            exchange.PoliciesAsked = at + 1;
            if (policy.Key == Authentication)
            {
                if (request.WasRefusedByAuth)
                {
                    return ReplayOutcome.Refused;
                }

                exchange.Identity = request.Identity;
                isUndecided = request.Identity is null && !isShadow && exchange.Route.Policies.Options.Auth is { Optional: false };
            }
            else if (policy.Key == Addresses || (policy.Key == Limits && !isUndecided))
            {
                exchange.Decisions.Begin(policy.Key);
                var asked = policy.OnRequestAsync(exchange);
                var outcome = asked.IsCompletedSuccessfully ? asked.Result : throw new InvalidOperationException($"'{policy.Key}' waits for somebody");
                var isRefusal = outcome.IsFinal && !isShadow;
                exchange.Decisions.End(outcome.IsFinal && isShadow ? outcome with { Verdict = PolicyVerdict.WouldRefuse } : outcome);
                if (isRefusal)
                {
                    return policy.Key == Limits ? ReplayOutcome.Limited : ReplayOutcome.Refused;
                }
            }
        }

        return isUndecided ? ReplayOutcome.Undecided : ReplayOutcome.Passed;
    }

    // By the parser of any other request, so that host, path and method are read as they would be.
    private bool Read(in ReplayedRequest request, RequestHead head, in HeadLimits limits)
    {
        var most = Encoding.UTF8.GetMaxByteCount(request.Method.Length + request.Target.Length + request.Host.Length) + 32;
        if (_head.Length < most)
        {
            _head = new byte[most * 2];
        }

        var length = 0;
        Append(request.Method);
        Append(" ");
        Append(request.Target);
        Append(" HTTP/1.1\r\nHost: ");
        Append(request.Host);
        Append("\r\n\r\n");
        var scan = default(HeadScan);
        return HeadParser.TryReadRequest(new ReadOnlySequence<byte>(_head, 0, length), head, limits, ref scan, out _, out _) == HeadStatus.Complete;

        void Append(string text) => length += Encoding.UTF8.GetBytes(text, _head.AsSpan(length));
    }
}
