using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>A hundred thousand requests that break the rules, each on a connection of its own, many at once.</summary>
internal sealed class MalformedScenarios
{
    private const int Count = 100_000;
    private const int WarmUp = 10_000;
    private const int Workers = 4;
    private const int AtOnce = 200;

    /// <summary>Another makes other requests; what failed is found again by the one that is printed.</summary>
    private const int Seed = 20261122;

    private readonly ConcurrentQueue<string> _wrong = new();
    private int _refused;
    private int _served;

    [Test]
    public async Task A_hundred_thousand_malformed_requests_are_refused_or_closed_and_no_endpoint_sees_one()
    {
        TestContext.Out.WriteLine($"seed {Seed}");
        using var endpoint = new HttpEndpoint((wire, request) =>
        {
            if (NotOrderly(request))
            {
                _wrong.Enqueue($"at the endpoint:\n{request.FirstLine}\n{string.Join('\n', request.Fields)}\n\n{request.Text}");
            }

            wire.Respond("ok");
        })
        {
            Remembers = false,
        };
        await using var gateway = await BareGateway.ToAsync(
            endpoint, ", timeouts: {pool_idle: 500ms}, health: {passive: off}", ", protocols: [http1], limits: {head: 3KiB, fields: 50, target: 1KiB}");
        Send(gateway, WarmUp, Seed - Workers);
        gateway.SettleAll();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        Send(gateway, Count, Seed);
        gateway.SettleAll();
        var after = GC.GetTotalMemory(forceFullCollection: true);
        Assert.That(_wrong, Is.Empty, $"seed {Seed}");
        Assert.That(_refused, Is.GreaterThan(Count / 2));
        Assert.That(after - before, Is.LessThan(4_000_000), "bytes that are kept");
        Assert.That(gateway.Get("/").Status, Is.EqualTo(200));
    }

    // What a lenient server might take for two requests, or for one with another body or host; and what is never served.
    private static bool NotOrderly(HttpMessage request) =>
        request.FirstLine.Contains(MalformedRequests.Mark, StringComparison.Ordinal)
        || request.Fields.Count(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase) || line.StartsWith("Transfer-Encoding:", StringComparison.OrdinalIgnoreCase)) > 1
        || request.Values("Host").Count != 1
        || request.FirstLine.Split(' ').Length != 3
        || request.Fields.Any(line => line.AsSpan().IndexOfAny('\r', '\n', '\0') >= 0);

    private void Send(BareGateway gateway, int count, int seed) =>
        Parallel.For(0, Workers, new ParallelOptions { MaxDegreeOfParallelism = Workers }, worker =>
        {
            var requests = new MalformedRequests(seed + worker);
            var open = new Queue<Sent>();
            var buffer = new byte[16 * 1024];
            for (var at = 0; at < count / Workers; at++)
            {
                var kind = (at % 16) switch
                {
                    0 => Kind.Good,
                    < 5 => Kind.Changed,
                    _ => Kind.Bad,
                };
                var sent = new Sent(Loopback.Connect(gateway.Address), kind == Kind.Bad ? requests.Bad() : kind == Kind.Good ? requests.Good() : requests.Changed(), kind, seed + worker, at);
                sent.Begin(buffer);
                open.Enqueue(sent);
                if (open.Count > AtOnce)
                {
                    Finish(open.Dequeue(), buffer);
                }
            }

            foreach (var each in open)
            {
                Finish(each, buffer);
            }
        });

    private void Finish(Sent sent, byte[] buffer)
    {
        var answer = sent.End(buffer);
        var status = answer.StartsWith("HTTP/1.1 "u8) && answer.Length > 12 ? (char)answer[9] : answer.IsEmpty ? '-' : '?';
        var right = sent.Kind switch
        {
            Kind.Bad => status is '4' or '5' or '-',
            Kind.Good => status is '2' or '1',
            _ => status is '1' or '2' or '4' or '5' or '-',
        };
        Interlocked.Add(ref status is '2' or '1' ? ref _served : ref _refused, 1);
        if (!right)
        {
            _wrong.Enqueue($"seed {sent.Seed}, request {sent.Number}:\n{sent.Text}\n->\n{Encoding.Latin1.GetString(answer)}");
        }
    }

    private enum Kind
    {
        /// <summary>It must not be served.</summary>
        Bad,

        /// <summary>It may be served, as what it is.</summary>
        Changed,

        /// <summary>It must be served.</summary>
        Good,
    }

    /// <summary>A request on its way.</summary>
    private sealed record Sent(Socket Client, string Text, Kind Kind, int Seed, int Number)
    {
        /// <summary>Sends it, now and then in two pieces.</summary>
        public void Begin(byte[] buffer)
        {
            try
            {
                var length = Encoding.Latin1.GetBytes(Text, buffer);
                var first = Number % 7 == 0 ? length / 2 : length;
                Client.Send(buffer.AsSpan(0, first));
                if (first < length)
                {
                    Client.Send(buffer.AsSpan(first, length - first));
                }
            }
            catch (SocketException)
            {
                // Refused before all of it was sent.
            }
        }

        /// <summary>What came back, of a good one its beginning; empty where nothing did. The end of the client's half ends whatever it left unfinished.</summary>
        public ReadOnlySpan<byte> End(byte[] buffer)
        {
            var length = 0;
            try
            {
                if (Kind != Kind.Good)
                {
                    Client.Shutdown(SocketShutdown.Send);
                }

                for (int read; (read = Client.Receive(buffer.AsSpan(length))) > 0;)
                {
                    length += read;
                    if (Kind == Kind.Good)
                    {
                        break;
                    }
                }
            }
            catch (SocketException error) when (error.SocketErrorCode != SocketError.TimedOut && error.SocketErrorCode != SocketError.WouldBlock)
            {
                // Reset.
            }

            Client.Dispose();
            return buffer.AsSpan(0, length);
        }
    }
}
