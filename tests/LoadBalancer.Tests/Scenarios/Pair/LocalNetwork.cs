using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using LoadBalancer.Daemon.Tests.Repository;

namespace LoadBalancer.Daemon.Tests.Scenarios.Pair;

/// <summary>
/// Machines on one Ethernet, each a network namespace with a link to a bridge, whose own namespace is the network's: the clients are there.
/// Nothing of this machine's own network is touched. Needs root.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed partial class LocalNetwork : IDisposable
{
    private const int NewNetwork = 0x40000000;

    private readonly string _prefix = $"lb-{Environment.ProcessId}-{Guid.NewGuid().ToString("N")[..4]}";
    private readonly List<string> _machines = [];

    private LocalNetwork()
    {
    }

    /// <summary>A network with these addresses on the bridge, each with its prefix length; ignores the test where this machine cannot have one.</summary>
    public static LocalNetwork Create(params string[] addresses)
    {
        if (!Environment.IsPrivilegedProcess || Command.Run("unshare", ["--net", "true"]).ExitCode != 0)
        {
            Assert.Ignore("this test needs network namespaces, which only root may make (and in a container only with CAP_SYS_ADMIN)");
        }

        var network = new LocalNetwork();
        network.Make("lan");

        // With an address of its own: it would else take that of a machine that comes later, and those that know its old one would reach nobody.
        Ip("-n", network.NameOf("lan"), "link", "add", "bridge", "address", "02:00:00:00:00:01", "type", "bridge");
        Ip("-n", network.NameOf("lan"), "link", "set", "bridge", "up");
        foreach (var address in addresses)
        {
            Ip("-n", network.NameOf("lan"), "address", "add", address, "dev", "bridge");
        }

        return network;
    }

    /// <summary>Adds a machine, whose link is called eth0.</summary>
    public void Add(string machine, string address)
    {
        Make(machine);
        Ip("-n", NameOf("lan"), "link", "add", machine, "type", "veth", "peer", "name", "eth0", "netns", NameOf(machine));
        Ip("-n", NameOf("lan"), "link", "set", machine, "master", "bridge", "up");
        Ip("-n", NameOf(machine), "address", "add", address, "dev", "eth0");
        Ip("-n", NameOf(machine), "link", "set", "eth0", "up");
    }

    /// <summary>Pulls a machine's cable.</summary>
    public void Cut(string machine) => Ip("-n", NameOf("lan"), "link", "set", machine, "down");

    /// <summary>Plugs it in again.</summary>
    public void Mend(string machine) => Ip("-n", NameOf("lan"), "link", "set", machine, "up");

    /// <summary>What stands before a command that is to run on a machine; it becomes the command.</summary>
    public string[] On(string machine) => ["ip", "netns", "exec", NameOf(machine)];

    /// <summary>Starts a thread whose sockets are the network's own.</summary>
    public Thread Start(Action action)
    {
        var thread = new Thread(() =>
        {
            using var network = File.OpenHandle($"/run/netns/{NameOf("lan")}");
            Assert.That(SetNamespace(network, NewNetwork), Is.Zero);
            action();
        })
        { IsBackground = true };
        thread.Start();
        return thread;
    }

    /// <summary>Whether a machine has an address now.</summary>
    public bool Has(string machine, string address) =>
        Ip("-n", NameOf(machine), "-oneline", "address", "show", "dev", "eth0").Contains($" {address}/", StringComparison.Ordinal);

    public void Dispose() => _machines.ForEach(machine => Ip("netns", "delete", NameOf(machine)));

    private string NameOf(string machine) => $"{_prefix}-{machine}";

    private void Make(string machine)
    {
        Ip("netns", "add", NameOf(machine));
        _machines.Add(machine);
        Ip("-n", NameOf(machine), "link", "set", "lo", "up");
    }

    private static string Ip(params string[] arguments)
    {
        var done = Command.Run("ip", arguments);
        Assert.That(done.ExitCode, Is.Zero, $"ip {string.Join(' ', arguments)}: {done.Output}");
        return done.Output;
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(SafeHandle descriptor, int kind);
}
