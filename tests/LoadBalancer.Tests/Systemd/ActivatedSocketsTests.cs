using System.Globalization;
using System.Net;
using System.Net.Sockets;
using LoadBalancer.Daemon.Systemd;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Systemd;

internal sealed class ActivatedSocketsTests
{
    private readonly List<Socket> _opened = [];
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void CloseAll()
    {
        _opened.ForEach(socket => socket.Dispose());
        _opened.Clear();
        _folder.Dispose();
    }

    [Test]
    public void Lists_each_socket_with_its_name_and_address_and_closes_it_on_exec()
    {
        var web = Listening(IPAddress.Loopback);
        var api = Listening(IPAddress.IPv6Loopback);
        var local = Listening(_folder["x.sock"]);
        using var sockets = Activate(Environment(3, "web:api:local"), InheritedDescriptors.Put(web, api, local));

        Assert.That(sockets.All.Select(socket => (socket.Name, socket.Address)), Is.EqualTo(new[]
        {
            ("web", web.LocalEndPoint), ("api", api.LocalEndPoint), ("local", new UnixDomainSocketEndPoint(_folder["x.sock"])),
        }));
        Assert.That(sockets.All.Select(socket => InheritedDescriptors.IsInherited(socket.Descriptor)), Is.All.False);
    }

    [Test]
    public void Gives_a_listener_a_descriptor_of_its_own_that_accepts_and_can_be_opened_again_after_a_reload()
    {
        var socket = Listening(IPAddress.Loopback);
        var address = (IPEndPoint)socket.LocalEndPoint!;
        using var sockets = Activate(Environment(1), InheritedDescriptors.Put(socket));
        foreach (var reload in Enumerable.Range(0, 2))
        {
            var descriptor = sockets.Open(new IPEndPoint(address.Address, address.Port))!.Value;
            Assert.That(InheritedDescriptors.IsInherited(descriptor), Is.False);
            using var listener = new Socket(new SafeSocketHandle(descriptor, ownsHandle: true));
            using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            client.Connect(address);
            using var accepted = listener.Accept();
            Assert.That(accepted.RemoteEndPoint, Is.EqualTo(client.LocalEndPoint), $"reload {reload}");
        }
    }

    [Test]
    public void Has_no_descriptor_for_an_address_at_which_nothing_was_activated()
    {
        using var sockets = Activate(Environment(1), InheritedDescriptors.Put(Listening(IPAddress.Loopback)));

        Assert.That(sockets.Open(new IPEndPoint(IPAddress.Loopback, 1)), Is.Null);
    }

    [Test]
    public void Serves_all_IPv4_addresses_by_a_socket_of_both_families()
    {
        var both = Track(new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true });
        both.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        both.Listen();
        var port = ((IPEndPoint)both.LocalEndPoint!).Port;
        using var sockets = Activate(Environment(1), InheritedDescriptors.Put(both));

        var descriptor = sockets.Open(new IPEndPoint(IPAddress.Any, port));
        Assert.That(descriptor, Is.Not.Null);
        Assert.That(sockets.Open(new IPEndPoint(IPAddress.Loopback, port)), Is.Null);
        InheritedDescriptors.Close(descriptor!.Value);
    }

    [Test]
    public void Serves_no_IPv4_address_by_a_socket_of_IPv6_alone()
    {
        var six = Track(new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = false });
        six.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        six.Listen();
        using var sockets = Activate(Environment(1), InheritedDescriptors.Put(six));

        Assert.That(sockets.Open(new IPEndPoint(IPAddress.Any, ((IPEndPoint)six.LocalEndPoint!).Port)), Is.Null);
    }

    [Test]
    public void Closes_its_descriptors_at_the_end()
    {
        var first = InheritedDescriptors.Put(Listening(IPAddress.Loopback));
        Activate(Environment(1), first).Dispose();

        Assert.That(InheritedDescriptors.IsInherited(first), Is.Null);
    }

    [TestCase("1")]
    [TestCase(null)]
    public void Leaves_the_sockets_of_another_process_alone_and_takes_the_variables_away(string? process)
    {
        var first = InheritedDescriptors.Put(Listening(IPAddress.Loopback));
        var variables = Environment(1, "web");
        variables.Remove("LISTEN_PID");
        if (process is not null)
        {
            variables["LISTEN_PID"] = process;
        }

        using var sockets = Activate(variables, first);
        Assert.That(sockets.All, Is.Empty);
        Assert.That(variables, Is.Empty);
        Assert.That(InheritedDescriptors.IsInherited(first), Is.True);
        InheritedDescriptors.Close(first);
    }

    [Test]
    public void Is_empty_without_activation()
    {
        using var sockets = Activate([], 0);

        Assert.That(sockets.All, Is.Empty);
    }

    [TestCase("many")]
    [TestCase("-1")]
    [TestCase("99999999999")]
    [TestCase("40000")]
    public void Refuses_a_count_that_makes_no_sense(string count)
    {
        var variables = Environment(1);
        variables["LISTEN_FDS"] = count;

        Assert.That(() => Activate(variables, 0), Throws.InstanceOf<InvalidDataException>().With.Message.Contains($"LISTEN_FDS={count}"));
    }

    [Test]
    public void Refuses_a_descriptor_that_is_not_open() =>
        Assert.That(() => Activate(Environment(1, "web"), 690), Throws.InstanceOf<InvalidDataException>().With.Message.Contains("690 ('web'"));

    [Test]
    public void Refuses_a_datagram_socket_and_one_that_does_not_listen()
    {
        var datagram = Track(new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        datagram.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var bound = Track(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        bound.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        foreach (var socket in new[] { datagram, bound })
        {
            var first = InheritedDescriptors.Put(socket);
            Assert.That(() => Activate(Environment(1), first), Throws.InstanceOf<InvalidDataException>().With.Message.Contains("not a listening stream socket"));
            InheritedDescriptors.Close(first);
        }
    }

    private static Dictionary<string, string> Environment(int count, string? names = null)
    {
        var variables = new Dictionary<string, string>
        {
            ["LISTEN_FDS"] = count.ToString(CultureInfo.InvariantCulture),
            ["LISTEN_PID"] = "4711",
        };
        if (names is not null)
        {
            variables["LISTEN_FDNAMES"] = names;
        }

        return variables;
    }

    private static ActivatedSockets Activate(Dictionary<string, string> variables, int first) =>
        ActivatedSockets.FromEnvironment(ServiceEnvironment.Of(variables, ServiceManager.ServiceProcess), first);

    private Socket Listening(IPAddress address)
    {
        var socket = Track(new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        socket.Bind(new IPEndPoint(address, 0));
        socket.Listen();
        return socket;
    }

    private Socket Listening(string path)
    {
        var socket = Track(new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified));
        socket.Bind(new UnixDomainSocketEndPoint(path));
        socket.Listen();
        return socket;
    }

    private Socket Track(Socket socket)
    {
        _opened.Add(socket);
        return socket;
    }
}
