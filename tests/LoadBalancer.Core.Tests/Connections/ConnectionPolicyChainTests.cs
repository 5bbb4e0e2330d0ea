using LoadBalancer.Connections;
using LoadBalancer.Faults;
using LoadBalancer.Tests.Transport.Epoll;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tests.Connections;

internal sealed class ConnectionPolicyChainTests
{
    private static readonly Fault Refused = new(FaultSide.Client, FaultKind.AddressDenied);

    private readonly List<string> _calls = [];
    private readonly ScriptedPolicy[] _policies;
    private readonly ConnectionPolicyChain _chain;

    public ConnectionPolicyChainTests()
    {
        _policies = [new("first", _calls), new("second", _calls), new("third", _calls)];
        _chain = new(ConnectionPolicyOptions.None, _policies);
    }

    [SetUp]
    public void Forget()
    {
        _calls.Clear();
        foreach (var policy in _policies)
        {
            policy.Answer = _ => default;
        }
    }

    [Test]
    public async Task Asks_in_order_and_releases_in_reverse()
    {
        Assert.That(await AdmitAsync(), Is.EqualTo(Fault.None));
        Assert.That(_calls, Is.EqualTo(new[] { "first asked", "second asked", "third asked" }));
        _calls.Clear();
        _chain.Release(null!);
        Assert.That(_calls, Is.EqualTo(new[] { "third released", "second released", "first released" }));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task After_a_refusal_nobody_else_is_asked_and_nothing_is_held(bool later)
    {
        _policies[0].Answer = _ => Answer(Fault.None, later);
        _policies[1].Answer = _ => Answer(Refused, later);
        Assert.That(await AdmitAsync(), Is.EqualTo(Refused));
        Assert.That(_calls, Is.EqualTo(new[] { "first asked", "second asked", "first released" }));
    }

    [TestCase(false)]
    [TestCase(true)]
    public void After_an_exception_nothing_is_held(bool later)
    {
        _policies[0].Answer = _ => Answer(Fault.None, later);
        _policies[1].Answer = _ => throw new InvalidOperationException("scripted");
        Assert.That(AdmitAsync, Throws.InvalidOperationException);
        Assert.That(_calls, Is.EqualTo(new[] { "first asked", "second asked", "first released" }));
    }

    [Test]
    public async Task A_policy_that_reads_the_connection_is_waited_for_on_its_loop()
    {
        using var loops = new TestLoops();
        using var listening = Loopback.Listen();
        var connection = await TestConnection.ConnectAsync(loops, listening);
        using var peer = listening.Accept();
        _policies[1].Answer = async client =>
        {
            var input = client.Transport.Input;
            client.Observe();
            var read = await input.ReadAsync();
            input.AdvanceTo(read.Buffer.End);
            return read.Buffer.FirstSpan[0] == 1 ? Fault.None : Refused;
        };
        _policies[2].Answer = client =>
        {
            client.Loop.AssertInLoop();
            return default;
        };
        foreach (var (sent, fault) in new[] { ((byte)1, Fault.None), ((byte)2, Refused) })
        {
            _calls.Clear();
            var admitted = loops.Run(() => _chain.AdmitAsync(connection));
            peer.Send([sent]);
            Assert.That(await admitted, Is.EqualTo(fault));
            Assert.That(_calls, Has.Count.EqualTo(3));
        }

        await loops.Run(connection.Close);
    }

    [Test]
    public void Deciding_allocates_nothing()
    {
        var chain = new ConnectionPolicyChain(ConnectionPolicyOptions.None, new Passing(), new Passing());
        Assert.That(
            Allocations.Of(() =>
            {
                for (var connection = 0; connection < 1000; connection++)
                {
                    var decision = chain.AdmitAsync(null!);
                    if (decision.IsCompletedSuccessfully && !decision.Result.Failed)
                    {
                        chain.Release(null!);
                    }
                }
            }),
            Is.Zero);
    }

    private static async ValueTask<Fault> Answer(Fault fault, bool later)
    {
        if (later)
        {
            await Task.Yield();
        }

        return fault;
    }

    private async Task<Fault> AdmitAsync() => await _chain.AdmitAsync(null!);

    private sealed class Passing : ConnectionPolicy
    {
        public override ValueTask<Fault> AdmitAsync(EpollConnection client) => default;
    }
}
