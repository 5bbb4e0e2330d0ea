using System.Runtime.CompilerServices;
using LoadBalancer.Faults;
using LoadBalancer.Http.Explaining;
using LoadBalancer.Http.Server;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Forwarding.Mirroring;

/// <summary>
/// Sends a share of the exchanges to another handler as well, whose answers nobody sees. The copy is sent when the exchange itself has
/// ended, so that nothing about it can delay or fail the exchange. Thread-safe.
/// </summary>
/// <remarks>
/// A body is copied while it passes, up to <see cref="MostBody"/>: a request with a longer one has no copy, and neither has one whose body
/// was not read to its end. A target that hangs holds at most <see cref="MostUnderWay"/> copies on each loop; then further ones are left out.
/// </remarks>
/// <param name="primary">Who answers.</param>
/// <param name="target">Who gets the copies.</param>
/// <param name="share">The share of exchanges that are copied, 0 to 1.</param>
/// <param name="engine">Where copies live.</param>
/// <param name="onBug">Hears of an error of this program that cost a copy.</param>
internal sealed class Mirror(HttpHandler primary, HttpHandler target, double share, HttpEngine engine, Action<Exception> onBug) : HttpHandler
{
    /// <summary>The longest body that is copied, in bytes.</summary>
    public const int MostBody = 1024 * 1024;

    /// <summary>Copies under way on a loop, over all mirrors.</summary>
    public const int MostUnderWay = 256;

    private uint _count;

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    public override async ValueTask<Fault> HandleAsync(Exchange exchange)
    {
        var loop = engine.On(exchange.Loop);
        if (!IsChosen() || loop.Mirrored.Count >= MostUnderWay || exchange.Request.WantsWebSocket || exchange.Request.ContentLength > MostBody)
        {
            return await primary.HandleAsync(exchange);
        }

        var copy = loop.Exchanges.Rent();
        loop.Mirrored.Add(copy);
        copy.CopyFrom(exchange);
        var body = exchange.RequestBody is { } original ? new CopyingBody(original) : null;
        exchange.RequestBody = body ?? exchange.RequestBody;
        var fault = new Fault(FaultSide.Internal, FaultKind.Bug);
        try
        {
            fault = await primary.HandleAsync(exchange);
        }
        finally
        {
            exchange.RequestBody = body?.Original ?? exchange.RequestBody;
            _ = SendAsync(loop, copy, body, exchange.Loop);
        }

        return fault;
    }

    /// <inheritdoc/>
    public override ValueTask<Fault> RehearseAsync(Exchange exchange, Rehearsal rehearsal)
    {
        var name = target is Forwarder { Upstream.Name: { } upstream } ? upstream : "";
        rehearsal.Actions.Add(new ActionExplanation("mirror", FormattableString.Invariant(
            $"{share:0.##%} of the requests are copied to {name}{(exchange.Request.WantsWebSocket || exchange.Request.ContentLength > MostBody ? ", this one is not" : "")}")));
        return primary.RehearseAsync(exchange, rehearsal);
    }

    private async Task SendAsync(HttpLoop loop, Exchange copy, CopyingBody? body, EventLoop home)
    {
        try
        {
            if (body is null || body.IsWhole)
            {
                copy.RequestBody = body?.ToCopy();
                copy.Request.Framing = body is null ? BodyFraming.None : BodyFraming.Length;
                copy.Request.ContentLength = body?.Length ?? 0;
                copy.Request.ExpectsContinue = false;
                copy.Request.Fields.Remove(KnownHeader.Expect);
                copy.Carrier = new NoCarrier();
                await target.HandleAsync(copy);
            }
        }
        catch (Exception error)
        {
            onBug(error);
        }
        finally
        {
            home.AssertInLoop();
            loop.Mirrored.Remove(copy);
            loop.Exchanges.Return(copy);
        }
    }

    // As evenly as Split, so that 5% is one in twenty.
    private bool IsChosen() => unchecked(Interlocked.Increment(ref _count) * 2654435769u) / 4294967296.0 < share;
}
