using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tests.Transport.Epoll;

#pragma warning disable CA2012 // Using a ValueTask in other ways than awaiting it is what is tested.

internal sealed class LoopMethodBuilderTests
{
    // As on a loop's thread: the runner's would take continuations elsewhere.
    [SetUp]
    public void ForgetTheContext() => SynchronizationContext.SetSynchronizationContext(null);

    [Test]
    public async Task Gives_the_result_of_a_method_that_never_suspends()
    {
        Assert.That(await AddAsync(new ValueTask<int>(1), 2), Is.EqualTo(3));
        await RunAsync(default, static () => { });
    }

    [Test]
    public void Throws_what_a_method_threw_before_it_suspended()
    {
        Assert.ThrowsAsync<InvalidDataException>(async () => await RunAsync(default, static () => throw new InvalidDataException()));
        Assert.ThrowsAsync<InvalidDataException>(async () => await AddAsync(ValueTask.FromException<int>(new InvalidDataException()), 2));
    }

    [Test]
    public async Task Throws_what_a_method_threw_after_it_suspended()
    {
        var gate = new Gate();
        var run = RunAsync(gate.WaitAsync(), static () => throw new InvalidDataException());
        gate.Open();
        var error = default(Exception);
        try
        {
            await run;
        }
        catch (InvalidDataException thrown)
        {
            error = thrown;
        }

        Assert.That(error, Is.Not.Null);
    }

    [Test]
    public void Goes_on_inline_where_the_wait_ended()
    {
        var (gate, went) = (new Gate(), 0);
        var run = RunAsync(gate.WaitAsync(), () => went = Environment.CurrentManagedThreadId);
        Assert.That(run.IsCompleted, Is.False);
        gate.Open();
        Assert.That((run.IsCompletedSuccessfully, went), Is.EqualTo((true, Environment.CurrentManagedThreadId)));
        run.GetAwaiter().GetResult();
    }

    [Test]
    public void Nested_methods_that_suspend_give_their_own_results()
    {
        var gates = Enumerable.Range(0, 100).Select(_ => new Gate()).ToArray();
        var sums = gates.Select((gate, at) => OuterAsync(gate, at)).ToArray();
        foreach (var gate in gates.Reverse())
        {
            gate.Open();
        }

        Assert.That(sums.Select(sum => sum.GetAwaiter().GetResult()), Is.EqualTo(Enumerable.Range(0, 100).Select(at => at + 10)));
    }

    [Test]
    public void Allocates_nothing_once_it_is_warm_however_many_wait_at_once()
    {
        var gates = Enumerable.Range(0, 100).Select(_ => new Gate()).ToArray();
        var sums = new ValueTask<int>[gates.Length];
        var total = 0;
        Assert.That(Allocations.Of(Round), Is.Zero);
        Assert.That(total, Is.GreaterThan(0));

        void Round()
        {
            for (var at = 0; at < gates.Length; at++)
            {
                sums[at] = OuterAsync(gates[at], at);
            }

            for (var at = 0; at < gates.Length; at++)
            {
                gates[at].Open();
                total += sums[at].GetAwaiter().GetResult();
            }
        }
    }

    [AsyncMethodBuilder(typeof(LoopMethodBuilder))]
    private static async ValueTask RunAsync(ValueTask first, Action then)
    {
        await first;
        then();
    }

    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private static async ValueTask<int> OuterAsync(Gate gate, int number)
    {
        await gate.WaitAsync();
        return await AddAsync(new ValueTask<int>(number), 10);
    }

    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private static async ValueTask<int> AddAsync(ValueTask<int> first, int second) => await first + second;

    /// <summary>A wait that the test ends, again and again.</summary>
    private sealed class Gate : IValueTaskSource
    {
        private ManualResetValueTaskSourceCore<int> _source;

        public ValueTask WaitAsync()
        {
            _source.Reset();
            return new ValueTask(this, _source.Version);
        }

        public void Open() => _source.SetResult(0);

        void IValueTaskSource.GetResult(short token) => _source.GetResult(token);

        ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _source.GetStatus(token);

        void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            _source.OnCompleted(continuation, state, token, flags);
    }
}
