using LoadBalancer.Faults;
using LoadBalancer.Tests.Transport.Epoll;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Tests.Upstreams;

/// <summary>The room for connections at an endpoint, which loops share.</summary>
internal sealed class ConnectionRoomTests
{
    private const int Loops = 2;

    private TestLoops _loops = null!;

    [SetUp]
    public void StartLoops() => _loops = new TestLoops(1, TimeProvider.System);

    [TearDown]
    public void StopLoops() => _loops.Dispose();

    [Test]
    public void A_further_session_leaves_one_for_each_loop_that_has_none()
    {
        var room = new ConnectionRoom();
        Assert.That(room.TryOpen(3), Is.True, "the first of one loop");
        room.Hold();
        Assert.That(room.TryOpen(3, Loops), Is.True, "a second one");
        Assert.That((room.HasRoom(3, Loops), room.TryOpen(3, Loops)), Is.EqualTo((false, false)), "the last is another loop's");
        Assert.That(room.TryOpen(3), Is.True);
        room.Hold();
        room.Unhold();
        room.Close();
        Assert.That((room.Open, room.TryOpen(3, Loops)), Is.EqualTo((2, false)), "and stays so");
    }

    [Test]
    public void There_may_be_fewer_places_than_loops()
    {
        var room = new ConnectionRoom();
        Assert.That(room.TryOpen(1), Is.True);
        room.Hold();
        Assert.That((room.HasRoom(1, 16), room.TryOpen(1, 16)), Is.EqualTo((false, false)));
    }

    [Test]
    public async Task What_is_kept_for_others_is_no_reason_for_them_to_wait()
    {
        var room = new ConnectionRoom();
        room.TryOpen(2);
        room.Hold();
        var loop = _loops.First;
        var (further, first) = await _loops.Run(() => (room.Wait(loop, 2, TimeSpan.FromHours(1), Loops), room.Wait(loop, 2, TimeSpan.FromHours(1))));
        Assert.That((await _loops.Run(first.EndAsync)).Failed, Is.False);
        Assert.That((room.Open, room.IsWanted, room.IsFirstWanted), Is.EqualTo((2, true, false)));
        var refusal = await _loops.Run(() =>
        {
            further.GiveUp(new Fault(FaultSide.Internal, FaultKind.PendingTimeout));
            return further.EndAsync();
        });
        Assert.That((refusal.Kind, room.IsWanted), Is.EqualTo((FaultKind.PendingTimeout, false)));
    }
}
