using System.Collections.Concurrent;
using System.Net;
using System.Text;
using LoadBalancer.Redis;
using LoadBalancer.Tests.Tls;
using LoadBalancer.Tests.Transport.Epoll;
using LoadBalancer.Tls;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tests.Redis;

/// <summary>The client and real servers: that answer, and that do not.</summary>
internal sealed class RedisClientTests
{
    private static readonly RedisScript Twice = new(keys: 1, "redis.call('INCRBY', KEYS[1], ARGV[1]) return {redis.call('INCRBY', KEYS[1], ARGV[1]), 7}");

    // What it answers.
    private const string Good = "*2\r\n:1\r\n:7";

    // A busy machine is no outage.
    private static readonly TimeSpan Patient = TimeSpan.FromMilliseconds(400);

    private readonly ConcurrentQueue<RedisReport> _reports = new();
    private readonly List<RedisClient> _clients = [];
    private SkippingTime _time = null!;
    private TestLoops _loops = null!;

    [SetUp]
    public void Begin()
    {
        _reports.Clear();
        _clients.Clear();
        _time = new SkippingTime();
        _loops = new TestLoops(time: _time);
    }

    [TearDown]
    public async Task End()
    {
        foreach (var client in _clients)
        {
            await client.CloseAsync();
        }

        Assert.That(
            () => _loops.Run(() => (_loops.First.Blocks.Rented, _loops.First.TimerCount, _loops.First.SourceCount)).Result,
            Is.EqualTo((0, 0, 0)).After(Loopback.TimeoutMs, 5), "blocks, timers and sockets that are left");
        _loops.Dispose();
    }

    [Test]
    public async Task A_script_is_run_where_the_server_knows_it_and_where_it_does_not()
    {
        using var server = new RedisServer();
        var client = Open(server.Url);
        Assert.That((await Run(client, Twice, "k", 5))[0].Number, Is.EqualTo(10), "sent whole");
        Assert.That((await Run(client, Twice, "k", 5))[0].Number, Is.EqualTo(20), "by its digest");
        server.Ask("SCRIPT", "FLUSH");
        Assert.That((await Run(client, Twice, "k", 5))[0].Number, Is.EqualTo(30), "forgotten");
        server.Ask("FLUSHALL");
        Assert.That((await Run(client, Twice, "k", 5))[0].Number, Is.EqualTo(10), "emptied");
        Assert.That(_reports, Is.Empty);
    }

    [Test]
    public async Task A_server_on_a_unix_socket_answers()
    {
        using var server = RedisServer.OnUnixSocket();
        Assert.That((await Run(Open(server.Url), Twice, "k", 1))[1].Number, Is.EqualTo(7));
    }

    [Test]
    public async Task Answers_come_back_to_those_who_asked_however_many_ask_at_once()
    {
        using var server = new RedisServer();
        var client = Open(server.Url);
        await Ready(client);
        var wrong = await _loops.Run(async () =>
        {
            var replies = new Task<RedisReply>[2000];
            for (var number = 0; number < replies.Length; number++)
            {
                replies[number] = Echo(client, number).AsTask();
            }

            var wrong = 0;
            for (var number = 0; number < replies.Length; number++)
            {
                wrong += Encoding.ASCII.GetString((await replies[number]).Text) == $"{number}" ? 0 : 1;
            }

            return wrong;
        });
        Assert.That(wrong, Is.Zero);
    }

    [Test]
    public async Task A_warm_command_allocates_nothing()
    {
        using var server = new RedisServer();
        var client = Open(server.Url);
        await Ready(client);
        var bytes = await _loops.Run(async () =>
        {
            var least = long.MaxValue;
            for (var round = 0; round < 20; round++)
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                for (var count = 0; count < 50; count++)
                {
                    await Send(client, Twice, "k", 1);
                }

                least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            }

            return least;
        });
        Assert.That(bytes, Is.Zero);
    }

    [Test]
    public async Task Who_asks_of_which_database_is_said_first()
    {
        using var server = new RedisServer("--requirepass", "secret") { Password = "secret" };
        server.Ask("ACL", "SETUSER", "lb", "on", ">hush", "~*", "+@all");
        var address = $"127.0.0.1:{server.Port}";
        Assert.That((await Run(Open($"redis://lb:hush@{address}/3"), Twice, "k", 1)).IsGood, Is.True);
        Assert.That((await Run(Open($"redis://:secret@{address}"), Twice, "k", 1))[0].Number, Is.EqualTo(2), "another database");
        Assert.That(server.Ask("DBSIZE").Number, Is.EqualTo(1));
        Assert.That(_reports, Is.Empty);
    }

    [TestCase("redis://:wrong-one@", "the user or the password is refused (WRONGPASS)")]
    [TestCase("redis://", "it wants a password")]
    public async Task A_password_that_is_refused_is_told_of_and_not_told(string before, string reason)
    {
        using var server = new RedisServer("--requirepass", "secret") { Password = "secret" };
        var client = Open($"{before}127.0.0.1:{server.Port}");
        Assert.That(() => _reports.TryPeek(out _), Is.True.After(Loopback.TimeoutMs, 5));
        Assert.That(_reports.Single(), Is.EqualTo(new RedisReport($"127.0.0.1:{server.Port}", $"127.0.0.1:{server.Port}: {reason}")));
        Assert.That((await Run(client, Twice, "k", 1)).Kind, Is.EqualTo(RedisReplyKind.Unavailable));
    }

    [Test]
    public async Task A_server_behind_TLS_answers_whom_it_was_told_to_trust()
    {
        using var certificates = new CertificateFolder();
        certificates.Write("redis", "redis.internal");
        using var encrypted = new RedisServer(
            "--tls-port", $"{((IPEndPoint)Loopback.Refusing()).Port}", "--tls-cert-file", certificates["redis.pem"], "--tls-key-file", certificates["redis.key"],
            "--tls-ca-cert-file", certificates.CaPath, "--tls-auth-clients", "no");
        var found = encrypted.Ask("CONFIG", "GET", "tls-port");
        Assert.That(found.Count, Is.EqualTo(2), $"{found}");
        var port = Encoding.ASCII.GetString(found[1].Text);
        var trusting = Open($"rediss://127.0.0.1:{port}", tls: new UpstreamTlsOptions { Ca = certificates.CaPath, ServerName = "redis.internal" });
        Assert.That((await Run(trusting, Twice, "k", 1))[0].Number, Is.EqualTo(2));
        Assert.That(_reports, Is.Empty);

        Open($"rediss://127.0.0.1:{port}", tls: new UpstreamTlsOptions { Ca = certificates.CaPath, ServerName = "other.internal" });
        Assert.That(() => _reports.TryPeek(out var report) ? report.Failure : "", Does.Contain("no TLS: the endpoint's certificate is refused: hostname mismatch").After(Loopback.TimeoutMs, 5));
    }

    [Test]
    public async Task A_frozen_server_is_waited_for_once_and_then_refused_at_once_until_it_answers_again()
    {
        using var server = new RedisServer();
        var client = Open(server.Url);
        await Ready(client);
        server.Freeze();
        Assert.That((await Run(client, Twice, "k", 1)).Kind, Is.EqualTo(RedisReplyKind.Unavailable));

        // At once: within the call, without a timer, a thread or a turn of the loop.
        var (completed, bytes) = await _loops.Run(() =>
        {
            var completed = 0;
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var count = 0; count < 10_000; count++)
            {
                var reply = Send(client, Twice, "k", 1);
                completed += reply.IsCompleted && reply.Result.Kind == RedisReplyKind.Unavailable ? 1 : 0;
            }

            return (completed, GC.GetAllocatedBytesForCurrentThread() - before);
        });
        Assert.That((completed, bytes), Is.EqualTo((10_000, 0L)));
        Assert.That(_reports.Single().Failure, Is.EqualTo("no answer within 400 ms"));
        Assert.That((Node(client).IsUp, Node(client).CountOf(RedisOutcome.Late), Node(client).CountOf(RedisOutcome.Refused)), Is.EqualTo((false, 1, 10_000)));

        server.Thaw();
        Assert.That(() => Node(client).IsUp, Is.True.After(Loopback.TimeoutMs, 5));
        Assert.That((await Run(client, Twice, "k", 1)).IsGood, Is.True);
        Assert.That(_reports.Last().Failure, Is.Null);
    }

    [Test]
    public async Task A_server_that_is_too_slow_stays_away_until_it_is_quick()
    {
        using var server = new RedisServer();
        using var proxy = new DelayingProxy(server.Address);
        var client = Open(cluster: false, tls: null, TimeSpan.FromMilliseconds(100), $"redis://{proxy.Address}");
        await Ready(client);
        proxy.Delay = TimeSpan.FromMilliseconds(250);
        Assert.That((await Run(client, Twice, "k", 1)).Kind, Is.EqualTo(RedisReplyKind.Unavailable));
        Assert.That(() => Node(client).Failure, Is.EqualTo("no answer within 100 ms"));
        Assert.That(() => proxy.Connections, Is.GreaterThan(3).After(Loopback.TimeoutMs, 5), "it is tried again and again");
        Assert.That((Node(client).IsUp, _reports.Count), Is.EqualTo((false, 1)), "and answers, too late each time");
        proxy.Delay = TimeSpan.Zero;
        Assert.That(() => Node(client).IsUp, Is.True.After(Loopback.TimeoutMs, 5));
    }

    [Test]
    public async Task A_connection_that_ends_is_made_anew_and_meanwhile_commands_wait_for_it()
    {
        using var server = new RedisServer();
        var client = Open(server.Url);
        await Ready(client);
        for (var round = 0; round < 5; round++)
        {
            server.Ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
            Assert.That(() => Run(client, Twice, "k", 1).Result.IsGood, Is.True.After(Loopback.TimeoutMs, 1));
        }

        Assert.That(_reports, Is.Empty, "that is no outage");
    }

    [Test]
    public async Task What_is_asked_when_an_answer_fails_to_come_has_its_own_time()
    {
        using var server = new PretendServer(static (connection, words) => KeyOf(words) switch
        {
            "last" => PretendServer.Hangup,
            "ready" or "lb:probe" => Good,
            _ => PretendServer.Silence,
        });
        var client = Open($"redis://{server.Address}");
        await Ready(client);
        var kind = await _loops.Run(async () =>
        {
            var (first, last) = (Send(client, Twice, "first", 1).AsTask(), Send(client, Twice, "last", 1).AsTask());
            await first;

            // Here the first is ended and the last not yet, so this one comes behind it.
            var next = await Send(client, Twice, "next", 1);
            await last;
            return next.Kind;
        });
        Assert.That((kind, Node(client).CountOf(RedisOutcome.Lost), Node(client).CountOf(RedisOutcome.Late)), Is.EqualTo((RedisReplyKind.Unavailable, 2, 1)));
    }

    [Test]
    public async Task What_waited_for_a_connection_in_vain_was_certainly_not_done_and_what_was_sent_may_have_been()
    {
        var isSilent = false;
        using var server = new PretendServer((_, words) => KeyOf(words) switch
        {
            "last" => PretendServer.Hangup,
            "ready" or "lb:probe" when !Volatile.Read(ref isSilent) => Good,
            _ => PretendServer.Silence,
        });
        var client = Open($"redis://{server.Address}");
        await Ready(client);
        Volatile.Write(ref isSilent, true);
        var refused = Node(client).CountOf(RedisOutcome.Refused);
        var (last, next) = await _loops.Run(async () => (await Send(client, Twice, "last", 1), await Send(client, Twice, "next", 1)));
        Assert.That((last.Kind, last.IsUndone), Is.EqualTo((RedisReplyKind.Unavailable, false)));
        Assert.That((next.Kind, next.IsUndone), Is.EqualTo((RedisReplyKind.Unavailable, true)));
        Assert.That(Node(client).CountOf(RedisOutcome.Refused) - refused, Is.EqualTo(1));
    }

    [Test]
    public async Task A_server_that_is_gone_is_found_when_it_is_back_and_its_scripts_are_sent_again()
    {
        using var server = new RedisServer();
        var client = Open(server.Url);
        await Ready(client);
        server.Kill();
        Assert.That(() => Node(client).IsUp, Is.False.After(Loopback.TimeoutMs, 5));
        Assert.That((await Run(client, Twice, "k", 1)).Kind, Is.EqualTo(RedisReplyKind.Unavailable));
        server.Start();
        Assert.That(() => Node(client).IsUp, Is.True.After(Loopback.TimeoutMs, 5));
        Assert.That((await Run(client, Twice, "k", 1))[0].Number, Is.EqualTo(2));
        Assert.That(_reports.Select(report => report.Failure is null), Is.EqualTo(new[] { false, true }));
    }

    [Test]
    public async Task An_outage_leaves_neither_threads_nor_memory_behind()
    {
        var client = Open($"redis://{Loopback.Refusing()}");
        Assert.That(() => Node(client).IsUp, Is.False.After(Loopback.TimeoutMs, 5));
        var threads = System.Diagnostics.Process.GetCurrentProcess().Threads.Count;
        var (completed, bytes) = await _loops.Run(() =>
        {
            var (completed, before) = (0, GC.GetAllocatedBytesForCurrentThread());
            for (var count = 0; count < 10_000; count++)
            {
                var reply = Send(client, Twice, "k", 1);
                completed += reply.IsCompleted ? 1 : 0;
            }

            return (completed, GC.GetAllocatedBytesForCurrentThread() - before);
        });
        Assert.That((completed, bytes), Is.EqualTo((10_000, 0L)));
        Assert.That(System.Diagnostics.Process.GetCurrentProcess().Threads, Has.Count.LessThan(threads + 10));
    }

    [Test]
    public async Task An_address_from_which_nothing_comes_back_costs_nobody_a_wait_twice()
    {
        using var silent = new FullBacklog();
        var client = Open($"redis://{silent.Address}");
        Assert.That((await Run(client, Twice, "k", 1)).Kind, Is.EqualTo(RedisReplyKind.Unavailable));
        Assert.That(Node(client).IsUp, Is.False);
        Assert.That(
            await _loops.Run(() =>
            {
                var reply = Send(client, Twice, "k", 1);
                return reply.IsCompleted;
            }),
            Is.True);
    }

    [Test]
    public async Task What_is_no_redis_is_told_of()
    {
        using var listener = Loopback.Listen();
        var client = Open($"redis://{listener.LocalEndPoint}");
        using (var met = listener.Accept())
        {
            met.Send("HTTP/1.1 400 Bad Request\r\n\r\n"u8);
            Assert.That(() => Node(client).Failure, Does.EndWith("what it answers is not the protocol of Redis").After(Loopback.TimeoutMs, 5));
        }

        Assert.That((await Run(client, Twice, "k", 1)).Kind, Is.EqualTo(RedisReplyKind.Unavailable));
    }

    [Test]
    public async Task Of_several_addresses_the_one_is_used_that_takes_writes()
    {
        using var primary = new RedisServer();
        using var replica = new RedisServer("--replicaof", "127.0.0.1", $"{primary.Port}");
        var client = Open(replica.Url, primary.Url);
        Assert.That(() => Run(client, Twice, "k", 1).Result.IsGood, Is.True.After(Loopback.TimeoutMs, 5));

        // A failover: the roles are exchanged.
        replica.Ask("REPLICAOF", "NO", "ONE");
        primary.Ask("REPLICAOF", "127.0.0.1", $"{replica.Port}");
        Assert.That(() => Run(client, Twice, "other", 1).Result.IsGood, Is.True.After(Loopback.TimeoutMs, 5));
        Assert.That(replica.Ask("GET", "other").Text.IsEmpty, Is.False, "the new primary has it");
        await Task.CompletedTask;
    }

    [Test]
    public async Task A_server_that_takes_no_writes_stays_away_until_it_does()
    {
        using var replica = new RedisServer("--replicaof", "127.0.0.1", $"{((IPEndPoint)Loopback.Refusing()).Port}");
        using var proxy = new DelayingProxy(replica.Address);
        var client = Open($"redis://{proxy.Address}");
        Assert.That(() => proxy.Connections, Is.GreaterThan(3).After(Loopback.TimeoutMs, 5), "it is tried again and again");
        Assert.That((await Run(client, Twice, "k", 1)).Kind, Is.EqualTo(RedisReplyKind.Unavailable));
        Assert.That((Node(client).Failure, _reports.Count), Is.EqualTo(($"{proxy.Address}: it is a replica, which takes no writes", 1)));
        replica.Ask("REPLICAOF", "NO", "ONE");
        Assert.That(() => Node(client).IsUp, Is.True.After(Loopback.TimeoutMs, 5));
        Assert.That((await Run(client, Twice, "k", 1)).IsGood, Is.True);
    }

    [Test]
    public async Task A_replica_of_an_older_version_is_known_by_what_its_scripts_say()
    {
        const string Refused = "-ERR Error running script (call to f_6b1bf486c81ceb7edf3c093f4c48582e38c0e791): @user_script:1: @user_script: 1: -READONLY You can't write against a read only replica.";
        var isReplica = false;
        using var server = new PretendServer((_, _) => Volatile.Read(ref isReplica) ? Refused : Good);
        var client = Open($"redis://{server.Address}");
        await Ready(client);
        Volatile.Write(ref isReplica, true);
        Assert.That((await Run(client, Twice, "k", 1)).Kind, Is.EqualTo(RedisReplyKind.Unavailable));
        Assert.That(() => server.Connections, Is.GreaterThan(3).After(Loopback.TimeoutMs, 5), "it is tried again and again");
        Assert.That((_reports.Count, Node(client).Failure), Is.EqualTo((1, "it is a replica, which takes no writes")));
    }

    [Test]
    public async Task A_server_whose_scripts_fail_is_told_of_until_they_have_not_for_a_while()
    {
        using var server = new RedisServer();
        var client = Open(server.Url);
        await Ready(client);
        server.Ask("CONFIG", "SET", "maxmemory", "1");
        for (var round = 0; round < 3; round++)
        {
            Assert.That((await Run(client, Twice, "k", 1)).Kind, Is.EqualTo(RedisReplyKind.Error), "it is asked on");
        }

        Assert.That((Node(client).IsUp, _reports.Count), Is.EqualTo((false, 1)));
        Assert.That(Node(client).Failure, Does.StartWith("its scripts fail: OOM "));
        server.Ask("CONFIG", "SET", "maxmemory", "0");
        Assert.That((await Run(client, Twice, "k", 1)).IsGood, Is.True);
        Assert.That(Node(client).IsUp, Is.False, "the next may fail again");
        _time.Skip(TimeSpan.FromMilliseconds(RedisLink.DoubtMs));
        Assert.That((await Run(client, Twice, "k", 1)).IsGood, Is.True);
        Assert.That((Node(client).IsUp, _reports.Last().Failure, _reports.Count), Is.EqualTo((true, default(string), 2)));
    }

    [Test]
    public async Task A_server_that_the_file_does_not_say_is_of_a_cluster_is_told_of_and_stays()
    {
        using var server = new PretendServer(static (_, words) => KeyOf(words) is "other" ? "-MOVED 12 10.0.0.9:6379" : Good);
        var client = Open($"redis://{server.Address}");
        await Ready(client);
        Assert.That((await Run(client, Twice, "other", 1)).IsGood, Is.False);
        Assert.That((await Run(client, Twice, "k", 1)).IsGood, Is.True);
        Assert.That((Node(client).Failure, server.Connections, _reports.Count), Is.EqualTo(("it is a node of a cluster: set 'cluster: true' in state.redis", 1, 1)));
    }

    [Test]
    public async Task A_cluster_is_asked_where_its_keys_are()
    {
        using var first = new RedisServer("--cluster-enabled", "yes");
        using var second = new RedisServer("--cluster-enabled", "yes");
        first.Ask("CLUSTER", "ADDSLOTSRANGE", "0", "8191");
        second.Ask("CLUSTER", "ADDSLOTSRANGE", "8192", "16383");
        second.Ask("CLUSTER", "SET-CONFIG-EPOCH", "2");
        first.Ask("CLUSTER", "MEET", "127.0.0.1", $"{second.Port}");
        Assert.That(() => IsWhole(first) && IsWhole(second), Is.True.After(2 * Loopback.TimeoutMs, 20));

        var client = Open(cluster: true, tls: null, Patient, first.Url);
        await Ready(client);
        for (var key = 0; key < 50; key++)
        {
            Assert.That((await Run(client, Twice, $"k{key}", 1)).IsGood, Is.True, $"k{key}");
        }

        Assert.That(first.Ask("DBSIZE").Number + second.Ask("DBSIZE").Number, Is.EqualTo(51));
        Assert.That(first.Ask("DBSIZE").Number, Is.InRange(1, 50));
        Assert.That(client.Nodes.Count(), Is.EqualTo(2));

        // A slot on its way from one to the other: the key is asked for where it is, by ASK.
        var key0 = Enumerable.Range(0, 50).Select(key => $"k{key}").First(key => ClusterSlot.Of(Encoding.ASCII.GetBytes(key)) < 8192);
        var slot = $"{ClusterSlot.Of(Encoding.ASCII.GetBytes(key0))}";
        second.Ask("CLUSTER", "SETSLOT", slot, "IMPORTING", Encoding.ASCII.GetString(first.Ask("CLUSTER", "MYID").Text));
        first.Ask("CLUSTER", "SETSLOT", slot, "MIGRATING", Encoding.ASCII.GetString(second.Ask("CLUSTER", "MYID").Text));
        Assert.That(first.Ask("MIGRATE", "127.0.0.1", $"{second.Port}", key0, "0", "5000").ToString(), Is.EqualTo("'OK'"));
        Assert.That((await Run(client, Twice, key0, 1))[0].Number, Is.EqualTo(4));

        second.Kill();
        Assert.That(() => client.Nodes.Count(node => !node.IsUp), Is.EqualTo(1).After(Loopback.TimeoutMs, 5));
    }

    [Test]
    public async Task A_node_of_a_cluster_that_is_gone_takes_no_other_with_it()
    {
        var gone = Loopback.Refusing();
        using var seed = new PretendServer((_, words) => KeyOf(words) is "gone" ? $"-MOVED 12 {gone}" : Good);
        var client = Open(cluster: true, tls: null, Patient, $"redis://{seed.Address}");
        await Ready(client);
        for (var round = 0; round < 5; round++)
        {
            Assert.That((await Run(client, Twice, "gone", 1)).Kind, Is.EqualTo(RedisReplyKind.Unavailable));
            Assert.That((await Run(client, Twice, "here", 1)).IsGood, Is.True);
        }

        Assert.That((seed.Connections, _reports.Single().Node), Is.EqualTo((1, $"{gone}")));
    }

    [Test]
    public async Task A_node_of_a_cluster_that_is_gone_for_long_is_forgotten()
    {
        var gone = Loopback.Refusing();
        using var seed = new PretendServer((_, words) => KeyOf(words) is "gone" ? $"-MOVED 12 {gone}" : Good);
        var client = Open(cluster: true, tls: null, Patient, $"redis://{seed.Address}");
        await Ready(client);
        Assert.That((await Run(client, Twice, "gone", 1)).Kind, Is.EqualTo(RedisReplyKind.Unavailable));
        Assert.That(client.Nodes.Count(), Is.EqualTo(2));
        _time.Skip(TimeSpan.FromMinutes(3));
        Assert.That(() => client.Nodes.Single(),Is.SameAs(Node(client)).After(Loopback.TimeoutMs, 5));
        Assert.That((await Run(client, Twice, "gone", 1)).Kind, Is.EqualTo(RedisReplyKind.Unavailable), "and met again");
        Assert.That(client.Nodes.Count(), Is.EqualTo(2));
    }

    [Test]
    public async Task A_slot_that_every_node_sends_on_is_an_answer_of_no_use_and_no_outage()
    {
        PretendServer? seed = null;
        using var made = seed = new PretendServer((_, words) => KeyOf(words) is "lost" ? $"-MOVED 12 :{seed!.Address.Port}" : Good);
        var client = Open(cluster: true, tls: null, Patient, $"redis://{seed.Address}");
        await Ready(client);
        Assert.That((await Run(client, Twice, "lost", 1)).Kind, Is.EqualTo(RedisReplyKind.Unavailable));
        Assert.That((await Run(client, Twice, "here", 1)).IsGood, Is.True);
        Assert.That((seed.Connections, _reports.Count, client.Nodes.Count()), Is.EqualTo((1, 0, 1)), "and without a host it is the same");
    }

    [Test]
    public async Task A_node_whose_TLS_cannot_be_made_is_not_followed()
    {
        using var certificates = new CertificateFolder();
        certificates.Write("redis", "redis.internal");
        var client = Open($"rediss://{Loopback.Refusing()}", tls: new UpstreamTlsOptions { Cert = certificates["redis.pem"], Key = certificates["redis.key"] }, cluster: true);
        File.Delete(certificates["redis.key"]);
        Assert.That(
            await _loops.Run(() =>
            {
                var loop = new RedisLoop(client, _loops.First);
                Span<byte> room = stackalloc byte[256];
                var command = new RedisCommand(Twice, room);
                command.Add("k");
                var call = new RedisCall(loop);
                call.Set(command, slot: 12);
                return loop.TryRedirect(call, RedisReply.OfError($"MOVED 12 {Loopback.Refusing()}"), Node(client));
            }),
            Is.False);
    }

    [Test]
    public async Task A_node_of_a_cluster_says_so_where_the_file_does_not()
    {
        using var server = new RedisServer("--cluster-enabled", "yes");
        server.Ask("CLUSTER", "ADDSLOTSRANGE", "0", "100");
        var client = Open(server.Url);
        await Ready(client);
        Assert.That((await Run(client, Twice, "foo", 1)).IsGood, Is.False, "an error of the cluster is an answer of no use");
    }

    [Test]
    public async Task Whoever_is_on_no_loop_is_answered_elsewhere()
    {
        using var server = new RedisServer();
        var client = Open(server.Url);
        await client.AskAsync("SET", "a"u8.ToArray(), "b"u8.ToArray());
        Assert.That(Encoding.ASCII.GetString((await client.AskAsync("GET", "a"u8.ToArray())).Text), Is.EqualTo("b"));
        Assert.That(EventLoop.Current, Is.Null);
    }

    [Test]
    public async Task A_closed_client_ends_what_is_under_way_and_takes_no_more()
    {
        using var server = new RedisServer();
        var client = Open(server.Url);
        await Ready(client);
        var (last, next) = await _loops.Run(async () =>
        {
            var under = Echo(client, 1);
            var closed = client.CloseAsync();
            return ((await under).IsGood, closed);
        });
        await next;
        Assert.That(last, Is.True);
        Assert.That((await Run(client, Twice, "k", 1)).Kind, Is.EqualTo(RedisReplyKind.Unavailable));
        Assert.That(_reports, Is.Empty);
    }

    private static string KeyOf(string[] words) => words is [_, _, _, var key, ..] ? key : "";

    private static bool IsWhole(RedisServer server) => Encoding.ASCII.GetString(server.Ask("CLUSTER", "INFO").Text).Contains("cluster_state:ok", StringComparison.Ordinal);

    private static RedisNode Node(RedisClient client) => client.Seeds[0];

    private RedisClient Open(params string[] urls) => Open(cluster: false, tls: null, Patient, urls);

    private RedisClient Open(string url, UpstreamTlsOptions tls, bool cluster = false) => Open(cluster, tls, Patient, url);

    private RedisClient Open(bool cluster, UpstreamTlsOptions? tls, TimeSpan timeout, params string[] urls)
    {
        var addresses = urls.Select(url => RedisAddressKind.TryParse(url, out var address) ? address : throw new ArgumentException(url));
        var options = new RedisOptions { Address = [.. addresses], Cluster = cluster, Tls = tls, Timeout = timeout };
        var outfit = new TlsOutfit(TlsEngines.Best(), new HandshakePaces(_loops.Group.Loops, TimeProvider.System));
        var client = new RedisClient(options, _loops.Group.Loops, TimeProvider.System, outfit, _reports.Enqueue, error => _loops.Escaped.Enqueue(error));
        _clients.Add(client);
        client.Open();
        return client;
    }

    /// <summary>Until it has answered once: a machine that is busy may be slower at first than the timeout.</summary>
    private async Task Ready(RedisClient client)
    {
        Assert.That(() => Run(client, Twice, "ready", 1).Result.Kind, Is.Not.EqualTo(RedisReplyKind.Unavailable).After(Loopback.TimeoutMs, 5));
        _reports.Clear();
        await Task.CompletedTask;
    }

    private Task<RedisReply> Run(RedisClient client, RedisScript script, string key, long number) => _loops.Run(() => Send(client, script, key, number));

    private ValueTask<RedisReply> Send(RedisClient client, RedisScript script, string key, long number)
    {
        Span<byte> room = stackalloc byte[256];
        Span<byte> text = stackalloc byte[64];
        var command = new RedisCommand(script, room);
        command.Add(text[..Encoding.ASCII.GetBytes(key, text)]);
        command.Add(number);
        return client.SendAsync(_loops.First, command);
    }

    private ValueTask<RedisReply> Echo(RedisClient client, long number)
    {
        Span<byte> room = stackalloc byte[256];
        var command = new RedisCommand("ECHO"u8, room);
        command.Add(number);
        return client.SendAsync(_loops.First, command);
    }

    /// <summary>The loops' clock: it goes as it does, and forward at once when told.</summary>
    private sealed class SkippingTime : TimeProvider
    {
        private long _skipped;

        public override long GetTimestamp() => base.GetTimestamp() + Interlocked.Read(ref _skipped);

        public void Skip(TimeSpan time) => Interlocked.Add(ref _skipped, (long)(time.TotalSeconds * TimestampFrequency));
    }
}
