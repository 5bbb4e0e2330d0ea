using LoadBalancer.Limits;

namespace LoadBalancer.Tests.Limits;

internal sealed class ClientCountsTests
{
    private ClientCounts _counts = null!;

    [SetUp]
    public void Begin() => _counts = new ClientCounts();

    [Test]
    public void A_client_has_as_many_as_the_bound_says_and_the_next_after_one_left()
    {
        Assert.That(Enumerable.Range(0, 5).Count(_ => _counts.TryEnter(1, most: 3)), Is.EqualTo(3));
        Assert.That(_counts.TryEnter(2, most: 3), Is.True, "another client");
        _counts.Leave(1);
        Assert.That(_counts.TryEnter(1, most: 3), Is.True);
        Assert.That(_counts.TryEnter(1, most: 3), Is.False);
        Assert.That(_counts.TryEnter(1, most: 4), Is.True, "the bound was raised");
        Assert.That(_counts.TryEnter(1, most: 2), Is.False, "the bound was lowered");
    }

    [Test]
    public async Task Loops_that_count_at_the_same_time_never_pass_the_bound_and_end_at_nothing()
    {
        var open = new int[8];
        var over = 0;
        var loops = Enumerable.Range(0, 4).Select(seed => Task.Factory.StartNew(
            () =>
            {
                var random = new Random(seed);
                for (var round = 0; round < 50_000; round++)
                {
                    var client = random.Next(open.Length);
                    if (_counts.TryEnter((ulong)client << 40, most: 2))
                    {
                        if (Interlocked.Increment(ref open[client]) > 2)
                        {
                            Interlocked.Increment(ref over);
                        }

                        Interlocked.Decrement(ref open[client]);
                        _counts.Leave((ulong)client << 40);
                    }
                }
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        await Task.WhenAll(loops);
        Assert.That(over, Is.Zero, "times that a client had more than its bound");
        Assert.That(_counts.Open, Is.Zero);
        Assert.That(_counts.TryEnter(0, most: 1), Is.True);
    }

    [Test]
    public void Coming_and_going_allocates_nothing()
    {
        Assert.That(
            Allocations.Of(() =>
            {
                for (ulong client = 0; client < 1000; client++)
                {
                    _counts.TryEnter(client << 40, most: 2);
                    _counts.Leave(client << 40);
                }
            }),
            Is.Zero);
    }
}
