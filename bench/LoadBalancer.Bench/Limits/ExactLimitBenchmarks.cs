using System.Diagnostics;
using BenchmarkDotNet.Attributes;
using LoadBalancer.Configuration;
using LoadBalancer.Limits;
using LoadBalancer.Redis;
using LoadBalancer.SharedLimits;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Bench.Limits;

/// <summary>
/// The user time of one request whose limits a real redis-server is asked about, over a Unix socket: of one limit, and of three by one script call; one request after the
/// other, and 64 under way at once, which share packets. What the server needs is not in it.
/// </summary>
[MemoryDiagnoser]
[Config(typeof(InUserTime))]
public class ExactLimitBenchmarks
{
    private const int Requests = 4096;

    private string _folder = "";
    private Process _server = null!;
    private LoopGroup _loops = null!;
    private RedisLimitStore _store = null!;
    private LimitQuestion[] _questions = [];

    [Params(1, 3)]
    public int Limits { get; set; }

    [Params(1, 64)]
    public int AtOnce { get; set; }

    [GlobalSetup]
    public void Begin()
    {
        _folder = Directory.CreateTempSubdirectory("lb-bench-").FullName;
        var socket = Path.Combine(_folder, "redis.sock");
        _server = Process.Start(new ProcessStartInfo("redis-server", ["--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir", _folder]) { RedirectStandardOutput = true })!;
        while (_server.StandardOutput.ReadLine() is { } line && !line.Contains("ready to accept connections", StringComparison.OrdinalIgnoreCase))
        {
        }

        _loops = new LoopGroup(1, TimeProvider.System, static (_, error) => throw error, static _ => { });
        _ = RedisAddressKind.TryParse($"unix:{socket}", out var address);
        var client = new RedisClient(
            new RedisOptions { Address = [address], Timeout = TimeSpan.FromSeconds(5) }, _loops.Loops, TimeProvider.System, null, static _ => { }, static error => throw error);
        client.Open();
        _store = new RedisLimitStore(client, _loops.Loops);
        _questions = [.. Enumerable.Range(0, Limits).Select(at => new LimitQuestion(_store.Create(Spec($"limit-{at}"), null, TimeProvider.System), 7, "somebody"u8.ToArray(), 1))];
        if (Asked() <= 0)
        {
            throw new InvalidOperationException("the server does not count");
        }
    }

    [GlobalCleanup]
    public void End()
    {
        _store.CloseAsync().GetAwaiter().GetResult();
        _loops.Dispose();
        _server.Kill();
        _server.WaitForExit();
        _server.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Benchmark(OperationsPerInvoke = Requests)]
    public long Asked()
    {
        var done = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        _loops.Loops[0].Post(async _ => done.SetResult(await AskAsync()), null);
        return done.Task.GetAwaiter().GetResult();
    }

    private static LimitSpec Spec(string name) => new(name, "default", new LimitRule { Rate = new Rate(1_000_000, TimeSpan.FromSeconds(1)), Burst = 1_000_000 }, LimitMode.Exact, StoreFailure.Deny);

    private async Task<long> AskAsync()
    {
        var clients = new Task<long>[AtOnce];
        for (var client = 0; client < AtOnce; client++)
        {
            clients[client] = AskInTurnAsync(Requests / AtOnce);
        }

        return (await Task.WhenAll(clients)).Min();
    }

    private async Task<long> AskInTurnAsync(int requests)
    {
        var least = long.MaxValue;
        for (var request = 0; request < requests; request++)
        {
            var left = Limits == 1
                ? (await _questions[0].Limit.TakeAsync(_questions[0].Key, 1)).Remaining
                : (await _store.TakeAsync(_questions))[0].Remaining;
            least = Math.Min(least, left);
        }

        return least;
    }
}
