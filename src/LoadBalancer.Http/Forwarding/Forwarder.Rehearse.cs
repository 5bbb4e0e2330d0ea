using System.Collections.Immutable;
using System.IO.Pipelines;
using LoadBalancer.Balancing;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Http.Explaining;
using LoadBalancer.Http.Server;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Http.Forwarding;

/// <content>What it would do, in place of doing it.</content>
internal sealed partial class Forwarder
{
    /// <inheritdoc/>
    public override ValueTask<Fault> RehearseAsync(Exchange exchange, Rehearsal rehearsal)
    {
        exchange.Upstream = upstream;
        if (_connector.IsHttp2 && exchange.Request.WantsWebSocket && _options.Protocol != UpstreamProtocol.Auto)
        {
            return new(new Fault(FaultSide.Internal, FaultKind.NotImplemented));
        }

        // :: (1)
        var key = _hashKeys.Of(exchange);
        RequestFields.Prepare(exchange, _options);

        // :: (2)
        var view = upstream.View;
        var cap = upstream.Pending.Cap;
        var same = Affinity.Find(exchange, _options, view);
        var chosen = same is not null && same.Load.Active < cap ? same : upstream.Foresee(view, new PickContext(key, default, cap));
        var isUnknown = rehearsal.IsOffline && _options.Discover is not null;
        var fault = upstream.Circuit is { State: CircuitState.Open } circuit ? CircuitOpen(exchange, circuit)
            : chosen is null && !isUnknown && upstream.Foresee(view, new PickContext(key)) is null ? new Fault(FaultSide.Upstream, FaultKind.NoEndpoint)
            : Fault.None;
        ImmutableArray<EndpointExplanation> endpoints = [.. view.All.Select(member => EndpointRehearsal.Of(member, view, _options.Health, cap, chosen, time))];
        rehearsal.Actions.Add(new ActionExplanation("upstream")
        {
            Upstream = new UpstreamExplanation(upstream.Name, _options.Balance, endpoints)
            {
                Endpoint = fault.Failed ? null : chosen?.Label,
                ChosenBy = fault.Failed || chosen is null ? null : chosen == same ? "affinity" : _options.Balance,
                IsFixed = chosen is not null && !isUnknown && (chosen == same || _options.Balance == "hash" || endpoints.Count(endpoint => endpoint.MayBePicked) == 1),
                Panic = view.Panic,
                Notes = [.. Notes(exchange, chosen, isUnknown)],
            },
        });
        if (!fault.Failed)
        {
            // :: (4)
            exchange.Endpoint = chosen;
            if (chosen is not null)
            {
                RequestFields.ForEndpoint(exchange, chosen, _options);
            }

            rehearsal.Sent = Head(exchange);
        }

        return new(fault);
    }

    private static Fault CircuitOpen(Exchange exchange, Circuit circuit)
    {
        exchange.RetryAfterSeconds = circuit.RetryAfterSeconds;
        return new Fault(FaultSide.Upstream, FaultKind.CircuitOpen);
    }

    private static byte[] Head(Exchange exchange)
    {
        using var stream = new MemoryStream();
        var writer = PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true));
        UpstreamConnection.WriteHead(writer, exchange);
        writer.Complete();
        return stream.ToArray();
    }

    private IEnumerable<string> Notes(Exchange exchange, Endpoint? chosen, bool isUnknown)
    {
        if (isUnknown)
        {
            yield return "its endpoints come from a discovery that is not asked here: what it would find is not known";
        }

        if (upstream.Circuit is { State: not CircuitState.Closed } circuit)
        {
            yield return circuit.State == CircuitState.Open
                ? FormattableString.Invariant($"the circuit breaker is open, for another {circuit.RetryAfterSeconds} s: {circuit.Reason}")
                : $"the circuit breaker is half open, and lets few requests pass: {circuit.Reason}";
        }

        if (upstream.Gate is { } gate && (gate.UnderWay >= gate.Limit || upstream.Pending.GateWaits > 0))
        {
            yield return FormattableString.Invariant(
                $"concurrency: {gate.UnderWay} of {gate.Limit} are under way, {upstream.Pending.GateWaits} wait; this one would wait too, by its importance ({exchange.Route?.Importance.ToString().ToLowerInvariant()})");
        }

        if (chosen is null && !isUnknown && upstream.Pending.Cap != PickContext.NoCap && upstream.View.Available.Length > 0)
        {
            yield return FormattableString.Invariant($"every endpoint has as many requests as it may ({upstream.Pending.Cap}): this one would wait, {_options.PendingTimeout.TotalSeconds:0.###} s at most");
        }

        if (_options.Protocol is UpstreamProtocol.Http2 or UpstreamProtocol.Grpc)
        {
            yield return "endpoints are spoken to in HTTP/2: the head below is the same in other words";
        }
    }
}
