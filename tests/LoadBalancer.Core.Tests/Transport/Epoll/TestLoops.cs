using System.Collections.Concurrent;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tests.Transport.Epoll;

/// <summary>Running loops for a test, which fails when an exception escaped on one of them.</summary>
internal sealed class TestLoops : IDisposable
{
    private readonly ConcurrentQueue<Exception> _escaped = new();
    private readonly ConcurrentQueue<int> _stalled = new();

    public TestLoops(int count = 1, TimeProvider? time = null) =>
        Group = new LoopGroup(count, time ?? TimeProvider.System, (_, error) => _escaped.Enqueue(error), loop => _stalled.Enqueue(loop.Index));

    public LoopGroup Group { get; }

    public EventLoop First => Group.Loops[0];

    /// <summary>Exceptions that escaped so far. A test that expects one takes it out.</summary>
    public ConcurrentQueue<Exception> Escaped => _escaped;

    /// <summary>Indexes of loops that stalled, once a stall.</summary>
    public ConcurrentQueue<int> Stalled => _stalled;

    /// <summary>Runs <paramref name="work"/> on the first loop and gives its result.</summary>
    public Task<T> Run<T>(Func<T> work) => Run(() => ValueTask.FromResult(work()));

    /// <summary>Runs <paramref name="work"/> on the first loop and gives its result.</summary>
    public async Task<T> Run<T>(Func<ValueTask<T>> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        First.Post(
            async _ =>
            {
                try
                {
                    done.SetResult(await work());
                }
                catch (Exception error)
                {
                    done.SetException(error);
                }
            },
            null);
        return await done.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    /// <summary>Runs <paramref name="work"/> on the first loop.</summary>
    public Task Run(Action work) => Run(() =>
    {
        work();
        return true;
    });

    public void Dispose()
    {
        Group.Dispose();
        Assert.That(_escaped, Is.Empty, "exceptions that escaped on a loop");
    }
}
