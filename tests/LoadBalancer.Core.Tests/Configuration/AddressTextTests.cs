using System.Net;
using System.Net.Sockets;
using FsCheck;
using FsCheck.Fluent;
using LoadBalancer.Configuration;

namespace LoadBalancer.Tests.Configuration;

internal sealed class AddressTextTests
{
    [Test]
    public void Reads_back_equal_what_it_printed() =>
        Prop.ForAll(Addresses().ToArbitrary(), address => AddressText.TryParse(AddressText.Print(address), AddressUse.Bind, out var read) && read.Equals(address))
            .QuickCheckThrowOnFailure();

    [Test]
    public void Never_throws_and_reads_no_endpoint_that_could_not_be_bound() =>
        Prop.ForAll<string>(text => text is null || AddressText.TryParse(text, AddressUse.Bind, out _) || !AddressText.TryParse(text, AddressUse.Endpoint, out _))
            .QuickCheckThrowOnFailure();

    [TestCase(":8080", "0.0.0.0:8080")]
    [TestCase("[::]:8080", "[::]:8080")]
    [TestCase("127.0.0.1:0", "127.0.0.1:0")]
    [TestCase("unix:/run/lb/admin.sock", "unix:/run/lb/admin.sock")]
    public void Reads_what_a_listener_may_bind(string text, string printed)
    {
        var valid = AddressText.TryParse(text, AddressUse.Bind, out var address);

        Assert.Multiple(() =>
        {
            Assert.That(valid, Is.True);
            Assert.That(AddressText.Print(address), Is.EqualTo(printed));
        });
    }

    [TestCase("8080")]
    [TestCase("127.0.0.1")]
    [TestCase("127.0.0.1:")]
    [TestCase(":")]
    [TestCase("")]
    [TestCase("[::]")]
    [TestCase("::1:80")]
    [TestCase("127.0.0.1:65536")]
    [TestCase("127.0.0.1:-1")]
    [TestCase("127.0.0.1:+80")]
    [TestCase("127.0.0.1: 80")]
    [TestCase("127.0.0.1:080")]
    [TestCase("127.0.0.1:0x50")]
    [TestCase("*:80")]
    [TestCase("localhost:80")]
    [TestCase("http://127.0.0.1:80")]
    [TestCase("[127.0.0.1]:80")]
    [TestCase("010.0.0.1:80", Description = "octal for some")]
    [TestCase("0x7f.0.0.1:80")]
    [TestCase("127.1:80")]
    [TestCase("2130706433:80")]
    [TestCase("127.0.0.256:80")]
    [TestCase("[::1/64]:80")]
    [TestCase("[::1]]:80")]
    [TestCase("[[::1]]:80")]
    [TestCase("unix:relative.sock")]
    [TestCase("unix:@abstract")]
    [TestCase("unix:/run/")]
    [TestCase("unix:")]
    [TestCase("unix:/a\0b")]
    [TestCase("UNIX:/run/x")]
    public void Refuses_what_is_no_whole_address(string text) => Assert.That(AddressText.TryParse(text, AddressUse.Bind, out _), Is.False);

    [TestCase(":80")]
    [TestCase("0.0.0.0:80")]
    [TestCase("[::]:80")]
    [TestCase("10.0.0.1:0")]
    public void Refuses_an_endpoint_that_cannot_be_connected_to(string text) => Assert.That(AddressText.TryParse(text, AddressUse.Endpoint, out _), Is.False);

    [TestCase("10.0.0.1:80")]
    [TestCase("[2001:db8::1]:65535")]
    [TestCase("[::ffff:10.0.0.1]:1")]
    [TestCase("unix:/run/app.sock")]
    public void Reads_an_endpoint(string text) => Assert.That(AddressText.TryParse(text, AddressUse.Endpoint, out _), Is.True);

    [Test]
    public void Reads_a_unix_path_up_to_what_the_kernel_holds() => Assert.Multiple(() =>
    {
        Assert.That(AddressText.TryParse("unix:/" + new string('a', 106), AddressUse.Bind, out _), Is.True);
        Assert.That(AddressText.TryParse("unix:/" + new string('a', 107), AddressUse.Bind, out _), Is.False);
        Assert.That(AddressText.TryParse("unix:/" + new string('ü', 54), AddressUse.Bind, out _), Is.False, "it is bytes that count");
    });

    [Test]
    public void Refuses_to_print_what_has_no_text() => Assert.That(() => AddressText.Print(new DnsEndPoint("x", 1)), Throws.ArgumentException);

    private static Gen<EndPoint> Addresses()
    {
        var port = Gen.Choose(0, 65535);
        var octet = Gen.Choose(0, 255).Select(value => (byte)value);
        var ip4 = octet.ArrayOf(4).SelectMany(bytes => port.Select(number => (EndPoint)new IPEndPoint(new IPAddress(bytes), number)));
        var ip6 = octet.ArrayOf(16).SelectMany(bytes => port.Select(number => (EndPoint)new IPEndPoint(new IPAddress(bytes), number)));
        var letter = Gen.Elements("abcXYZ019._- é/".ToCharArray());
        var unix = letter.ArrayOf().Select(letters => (EndPoint)new UnixDomainSocketEndPoint("/" + new string([.. letters.Take(40)]) + "s"));
        return Gen.OneOf(ip4, ip6, unix);
    }
}
