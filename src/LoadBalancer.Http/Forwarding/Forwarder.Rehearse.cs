using System.IO.Pipelines;
using LoadBalancer.Balancing;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Http.Explaining;
using LoadBalancer.Http.Server;
using LoadBalancer.Limits;
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
        rehearsal.Actions.Add(new ActionExplanation("upstream")
        {
            Upstream = UpstreamRehearsal.Of(upstream, view, chosen, isSame: chosen is not null && chosen == same, fault.Failed, isUnknown, exchange.Route?.Importance ?? Importance.Normal, time),
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
}
