using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using LoadBalancer.Daemon.Cli;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>
/// A whole daemon in this process, from a configuration text: the test writes listeners and upstreams, the harness adds
/// an admin socket and plays the service manager, by whose messages it knows when something is done.
/// </summary>
internal sealed partial class DaemonHarness : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Orders _orders = new();
    private readonly ServiceManager _manager;
    private readonly HttpClient _admin;
    private readonly StringWriter _errors = new();
    private readonly string _process;
    private readonly string _log;
    private Task<int> _running = Task.FromResult(ExitCode.Failure);

    private DaemonHarness(string process, string log)
    {
        (_process, _log) = (process, log);
        _manager = new ServiceManager(_folder["notify.sock"]);
        _admin = AdminClient.Over(AdminPath);
    }

    /// <summary>The configuration's path.</summary>
    public string ConfigPath => _folder["lb.yaml"];

    /// <summary>The orders that an operator gives.</summary>
    public Orders Orders => _orders;

    /// <summary>What the daemon tells its service manager.</summary>
    public ServiceManager Manager => _manager;

    /// <summary>The exit code, when it has ended.</summary>
    public Task<int> Running => _running;

    private string AdminPath => _folder["admin.sock"];

    /// <summary>A daemon that is ready.</summary>
    /// <param name="yaml">Listeners and upstreams.</param>
    /// <param name="process">The other top-level keys, instead of quick ends and no watching.</param>
    /// <param name="log">What stands behind <c>log:</c>, instead of quiet.</param>
    /// <param name="environment">Its environment variables; null for none.</param>
    public static async Task<DaemonHarness> StartAsync(
        string yaml, string process = "reload: {watch: false}\nshutdown: {unready_for: 0s, drain: 10s}\n", string log = "{level: error, access: off}", Func<string, string?>? environment = null)
    {
        var harness = new DaemonHarness(process, log);
        harness.Write(yaml);
        harness._running = Task.Run(() => Daemon.RunAsync(
            harness.ConfigPath, strict: false, new Terminal(TextWriter.Null, harness._errors, environment ?? (static _ => null)), harness._manager.Environment, harness._orders, TimeProvider.System));
        var ready = harness._manager.WaitForAsync("READY=1");
        if (await Task.WhenAny(ready, harness._running) != ready)
        {
            Assert.Fail($"the daemon ended with {await harness._running}: {harness._errors}");
        }

        await ready;
        return harness;
    }

    /// <summary>Writes the configuration in place.</summary>
    public void Write(string yaml) => File.WriteAllText(ConfigPath, Whole(yaml));

    /// <summary>The text of a configuration file with what the harness adds: an admin listener in place of its own, a log only where it says nothing of its own.</summary>
    public string Whole(string yaml)
    {
        var log = yaml.Contains("\nlog:", StringComparison.Ordinal) ? "" : $"log: {_log}\n";
        return $"{Admin().Replace(yaml, "").TrimEnd()}\n{_process}{log}admin: {{bind: \"unix:{AdminPath}\"}}\n";
    }

    /// <summary>Writes another configuration, orders a reload and waits for its end.</summary>
    public async Task<JsonElement> ReloadAsync(string yaml)
    {
        Write(yaml);
        _orders.OrderReload();
        return await ReloadedAsync();
    }

    /// <summary>Waits for the end of a reload that somebody else has ordered, and gives the status after it.</summary>
    public async Task<JsonElement> ReloadedAsync()
    {
        await _manager.WaitForAsync("RELOADING=1");
        await _manager.WaitForAsync("READY=1");
        return await StatusAsync();
    }

    /// <summary>A page of the admin listener.</summary>
    public async Task<(HttpStatusCode Status, string Text)> GetAsync(string path)
    {
        using var response = await _admin.GetAsync(new Uri(path, UriKind.Relative));
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>A change that the operator asks for.</summary>
    public async Task<HttpStatusCode> PostAsync(string path)
    {
        using var response = await _admin.PostAsync(new Uri(path, UriKind.Relative), null);
        return response.StatusCode;
    }

    /// <summary>A question with a body.</summary>
    public async Task<(HttpStatusCode Status, string Text)> PostAsync(string path, string body)
    {
        using var content = new StringContent(body);
        using var response = await _admin.PostAsync(new Uri(path, UriKind.Relative), content);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>/status.</summary>
    public async Task<JsonElement> StatusAsync() => JsonDocument.Parse((await GetAsync("/status")).Text).RootElement;

    /// <summary>Where the listener accepts.</summary>
    public async Task<EndPoint> AddressOfAsync(string listener)
    {
        var addresses = (await StatusAsync()).GetProperty("listeners").EnumerateArray()
            .Single(each => each.GetProperty("name").GetString() == listener).GetProperty("addresses");
        return IPEndPoint.Parse(addresses[0].GetString()!);
    }

    /// <summary>Waits until <paramref name="holds"/> is true of /status.</summary>
    public async Task UntilAsync(Func<JsonElement, bool> holds, string what)
    {
        var deadline = TimeProvider.System.GetTimestamp();
        while (!holds(await StatusAsync()))
        {
            if (TimeProvider.System.GetElapsedTime(deadline) > TimeSpan.FromSeconds(30))
            {
                Assert.Fail($"this never came: {what}");
            }

            await Loopback.PauseAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _orders.OrderHurry();
        await _running.WaitAsync(TimeSpan.FromSeconds(30));
        _admin.Dispose();
        _manager.Dispose();
        _orders.Dispose();
        _errors.Dispose();
        _folder.Dispose();
    }

    [GeneratedRegex(@"^admin:.*\n(?:[ \t].*\n)*", RegexOptions.Multiline)]
    private static partial Regex Admin();
}
