using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Authentication;

/// <summary>An exchange that waits for what an issuer or check service answers. It ends where the exchange is given up, and the question goes on for whoever else waits for it. Touched only on its loop.</summary>
internal sealed class ProviderWait : PendingWork, IValueTaskSource
{
    private readonly EventLoop _loop;
    private ManualResetValueTaskSourceCore<bool> _completion;
    private bool _ended;

    private ProviderWait(EventLoop loop) => _loop = loop;

    /// <summary>The answer, on the exchange's loop; null where the exchange was given up first (<see cref="Exchange.GivenUp"/>).</summary>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    public static async ValueTask<T?> ForAsync<T>(Exchange exchange, Task<T> answer)
        where T : class
    {
        if (!answer.IsCompleted && !exchange.GivenUp.Failed)
        {
            var wait = new ProviderWait(exchange.Loop);
            exchange.Pending = wait;
            answer.GetAwaiter().UnsafeOnCompleted(wait.Post);
            await new ValueTask(wait, wait._completion.Version);
            exchange.Pending = null;
        }

        return exchange.GivenUp.Failed ? null : await answer;
    }

    /// <inheritdoc/>
    public override void GiveUp(Fault fault) => End();

    void IValueTaskSource.GetResult(short token) => _completion.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _completion.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _completion.OnCompleted(continuation, state, token, flags);

    private void Post() => _loop.Post(static wait => ((ProviderWait)wait!).End(), this);

    private void End()
    {
        if (!_ended)
        {
            _ended = true;
            _completion.SetResult(true);
        }
    }
}
