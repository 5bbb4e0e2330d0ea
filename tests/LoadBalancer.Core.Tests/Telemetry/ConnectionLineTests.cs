using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using LoadBalancer.Faults;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Tests.Telemetry;

internal sealed class ConnectionLineTests
{
    private static readonly DateTimeOffset Time = new(2026, 11, 21, 23, 27, 1, 7, TimeSpan.FromHours(1));

    private static readonly ConnectionRecord Complete = new()
    {
        Listener = "postgres",
        Client = new IPEndPoint(IPAddress.Parse("10.1.2.3"), 51234),
        Upstream = "databases",
        Endpoint = "10.0.0.1:5432",
        Attempts = 2,
        ConnectTime = TimeSpan.FromMicroseconds(213),
        Duration = TimeSpan.FromSeconds(61),
        ReceivedBytes = 120,
        SentBytes = 4096,
    };

    [Test]
    public void Has_every_key_in_one_order() => Assert.That(Format(Complete), Is.EqualTo(
        """{"time":"2026-11-21T22:27:01.007Z","listener":"postgres","client":"10.1.2.3:51234","proxy":null,"server_name":null,"tls":null,"upstream":"databases","endpoint":"10.0.0.1:5432","""
        + """ "attempts":2,"connect_ms":0.213,"duration_ms":61000.000,"received_bytes":120,"sent_bytes":4096,"result":"ok","side":null,"detail":null}""".TrimStart()
        + "\n"));

    [Test]
    public void Says_null_for_what_does_not_apply_and_names_the_fault()
    {
        var line = Parse(new ConnectionRecord
        {
            Listener = "web",
            Duration = TimeSpan.Zero,
            Fault = new Fault(FaultSide.Internal, FaultKind.NoEndpoint),
        });

        Assert.That(new[] { "client", "upstream", "endpoint", "connect_ms" }.Select(key => line.GetProperty(key).ValueKind), Is.All.EqualTo(JsonValueKind.Null));
        Assert.That(line.GetProperty("result").GetString(), Is.EqualTo("no_endpoint"));
        Assert.That(line.GetProperty("side").GetString(), Is.EqualTo("internal"));
    }

    [TestCase("::1", "[::1]:80")]
    [TestCase("2001:db8::1", "[2001:db8::1]:80")]
    [TestCase("::ffff:10.0.0.9", "10.0.0.9:80")]
    [TestCase("::ffff:0.255.0.1", "0.255.0.1:80")]
    [TestCase("255.255.255.255", "255.255.255.255:80")]
    public void Prints_a_client_as_the_file_would(string address, string expected) =>
        Assert.That(Parse(Complete with { Client = new IPEndPoint(IPAddress.Parse(address), 80) }).GetProperty("client").GetString(), Is.EqualTo(expected));

    [Test]
    public void Prints_a_unix_client_by_its_path() => Assert.That(
        Parse(Complete with { Client = new UnixDomainSocketEndPoint("/run/x.sock") }).GetProperty("client").GetString(), Is.EqualTo("unix:/run/x.sock"));

    [Test]
    public void Escapes_line_feeds_quotes_and_terminal_sequences()
    {
        const string Name = "a\n{\"forged\":1}\u001b[2J\u009b\u2028\\";
        var line = Format(Complete with { Listener = Name });

        Assert.That(line.TrimEnd('\n').Any(char.IsControl), Is.False);
        Assert.That(line, Does.Not.Contain("\u2028").And.Not.Contain("\"forged\""));
        Assert.That(JsonDocument.Parse(line).RootElement.GetProperty("listener").GetString(), Is.EqualTo(Name));
    }

    [Test]
    public void Reads_back_as_JSON_whatever_the_names_are() =>
        Prop.ForAll<string, string>((listener, endpoint) =>
        {
            var line = Format(Complete with { Listener = listener ?? "", Endpoint = endpoint });
            using var json = JsonDocument.Parse(line);
            return line.IndexOf('\n', StringComparison.Ordinal) == line.Length - 1
                && json.RootElement.GetProperty("listener").GetString() == Sound(listener ?? "")
                && json.RootElement.GetProperty("endpoint").GetString() == Sound(endpoint);
        }).QuickCheckThrowOnFailure();

    [Test]
    public void Never_goes_past_its_buffer()
    {
        var whole = Encoding.UTF8.GetByteCount(Format(Complete));
        foreach (var size in Enumerable.Range(0, whole))
        {
            Assert.That(ConnectionLine.TryFormat(Complete, Time, new byte[size], out _), Is.False, $"{size} bytes");
        }

        Assert.That(ConnectionLine.TryFormat(Complete, Time, new byte[whole], out var length), Is.True);
        Assert.That(length, Is.EqualTo(whole));
    }

    [Test]
    public void Takes_a_clock_that_ran_backwards_for_zero() =>
        Assert.That(Parse(Complete with { Duration = TimeSpan.FromSeconds(-1) }).GetProperty("duration_ms").GetDouble(), Is.Zero);

    private static JsonElement Parse(in ConnectionRecord record) => JsonDocument.Parse(Format(record)).RootElement;

    private static string Format(in ConnectionRecord record)
    {
        var buffer = new byte[8192];
        Assert.That(ConnectionLine.TryFormat(record, Time, buffer, out var length), Is.True);
        return Encoding.UTF8.GetString(buffer, 0, length);
    }

    // Half a surrogate pair has no UTF-8: it becomes the replacement character.
    private static string? Sound(string? text) => text is null ? null : Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
}
