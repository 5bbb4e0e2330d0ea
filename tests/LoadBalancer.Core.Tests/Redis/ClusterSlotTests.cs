using System.Text;
using LoadBalancer.Redis;

namespace LoadBalancer.Tests.Redis;

/// <summary>Slots as the servers compute them.</summary>
internal sealed class ClusterSlotTests
{
    [TestCase("123456789", 0x31C3 % 16384)]
    [TestCase("foo", 12182)]
    [TestCase("", 0)]
    public void A_key_is_in_the_slot_that_the_servers_say(string key, int slot) => Assert.That(Of(key), Is.EqualTo(slot));

    [Test]
    public void What_is_in_braces_decides_where_there_is_something_in_them()
    {
        Assert.That(Of("{user1000}.following"), Is.EqualTo(Of("{user1000}.followers")));
        Assert.That(Of("foo{bar}{zap}"), Is.EqualTo(Of("bar")));
        Assert.That(Of("foo{{bar}}zap"), Is.EqualTo(Of("{bar")));
        Assert.That(Of("foo{}{bar}"), Is.Not.EqualTo(Of("bar")).And.Not.EqualTo(Of("")));
    }

    private static int Of(string key) => ClusterSlot.Of(Encoding.ASCII.GetBytes(key));
}
