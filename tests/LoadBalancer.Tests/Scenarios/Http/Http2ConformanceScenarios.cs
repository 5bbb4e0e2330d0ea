using System.Text;
using LoadBalancer.Http.Server.Http2;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>
/// What a server of HTTP/2 does with each kind of frame and block, in order and not, section by section of RFC 9113 and, for the coding of heads, of
/// RFC 7541. Where the RFC lets a server end the connection in place of a stream (section 5.4.1) and lb does, so that nobody can make it reset streams
/// for nothing, the table has that. Priorities are none any more (section 5.3.2): what RFC 7540 had against a stream that depends on itself is passed over.
/// </summary>
internal sealed class Http2ConformanceScenarios
{
    private const FrameFlags EndHeaders = FrameFlags.EndHeaders;
    private const FrameFlags EndStream = FrameFlags.EndStream;
    private const FrameFlags Whole = EndHeaders | EndStream;
    private const int Window = 65_535;

    private HttpEndpoint _endpoint = null!;
    private BareGateway _gateway = null!;

    private static readonly byte[] Get = Block("GET", "/");
    private static readonly byte[] Held = Block("GET", "/held");
    private static readonly byte[] Post = Block("POST", "/");
    private static readonly byte[] Eight = new byte[8];

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _endpoint = new HttpEndpoint((wire, request) =>
        {
            if (request.FirstLine.Contains("/held", StringComparison.Ordinal))
            {
                // Until lb gives it up.
                wire.ReadBytes(1);
            }

            wire.Respond(request.Text.Length > 0 ? request.Text : "ok");
        });
        _gateway = await BareGateway.ToAsync(_endpoint);
    }

    [TearDown]
    public void Settle() => _gateway.Settle();

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await _gateway.DisposeAsync();
        _endpoint.Dispose();
    }

    [TestCaseSource(nameof(Cases))]
    public void It_is_as_the_RFC_has_it(Action<Http2Wire> sends, Action<Http2Wire> sees)
    {
        using var client = _gateway.Connect2();
        client.Agree();
        client.OpensWindows = false;
        sends(client);
        sees(client);
    }

    [TestCaseSource(nameof(Starts))]
    public void A_connection_begins_as_the_RFC_has_it(byte[] start, Action<Http2Wire> sees)
    {
        using var client = Http2Wire.Silent(Loopback.Connect(_gateway.Address));
        client.Send(start);
        sees(client);
    }

    private static IEnumerable<TestCaseData> Starts()
    {
        var settings = Http2Wire.Frame(FrameKind.Settings, FrameFlags.None, 0);
        byte[] preface = [.. Http2Input.Preface];
        yield return Start("3.4 the preface and settings", [.. preface, .. settings], GoesOn);
        yield return Start("3.4 a preface that is none", [.. "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"u8], Ends(Http2Error.ProtocolError));
        yield return Start("3.4 another frame before the settings", [.. preface, .. Http2Wire.Frame(FrameKind.Ping, FrameFlags.None, 0, Eight)], Ends(Http2Error.ProtocolError));
        yield return Start("3.4 a request before the settings", [.. preface, .. Http2Wire.Frame(FrameKind.Headers, Whole, 1, Get)], Ends(Http2Error.ProtocolError));
        yield return Start("3.4 known settings before one's own", [.. preface, .. Http2Wire.Frame(FrameKind.Settings, FrameFlags.Ack, 0)], Ends(Http2Error.ProtocolError));

        static TestCaseData Start(string name, byte[] start, Action<Http2Wire> sees) => new TestCaseData(start, sees).SetName(name);
    }

    private static IEnumerable<TestCaseData> Cases()
    {
        const Http2Error protocol = Http2Error.ProtocolError;
        const Http2Error size = Http2Error.FrameSizeError;
        const Http2Error closed = Http2Error.StreamClosed;
        const Http2Error flow = Http2Error.FlowControlError;
        const Http2Error compression = Http2Error.CompressionError;

        yield return Case("4.1 a frame of an unknown type", c => c.Send((FrameKind)0x16, FrameFlags.None, 0, Eight), GoesOn);
        yield return Case("4.1 flags that mean nothing", c => c.Send(FrameKind.Ping, (FrameFlags)0xfe, 0, [.. "farewel2"u8]), Pongs("farewel2"));
        yield return Case("4.1 the reserved bit", c => c.Send([0, 0, 8, (byte)FrameKind.Ping, 0, 0x80, 0, 0, 0, .. "reserved"u8]), Pongs("reserved"));
        yield return Case("4.1 the reserved bit of a request", c => c.Send([0, 0, (byte)Get.Length, (byte)FrameKind.Headers, (byte)Whole, 0x80, 0, 0, 1, .. Get]), Serves(1));

        yield return Case("4.2 data of 16 KiB", c => SendBody(c, new byte[16_384]), Serves(1));
        yield return Case("4.2 data above it", c => SendBody(c, new byte[16_385]), Ends(size));
        yield return Case("4.2 a head above it", c => c.Send(FrameKind.Headers, Whole, 1, new byte[16_385]), Ends(size));

        yield return Case("4.3 a block that is none", c => c.Send(FrameKind.Headers, Whole, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), Ends(compression));
        yield return Case("4.3 a priority within a block", c => Within(c, FrameKind.Priority, 1, [0, 0, 0, 0, 1]), Ends(protocol));
        yield return Case("4.3 data within a block", c => Within(c, FrameKind.Data, 1, [1]), Ends(protocol));
        yield return Case("4.3 another head within a block", c => Within(c, FrameKind.Headers, 3, Get), Ends(protocol));
        yield return Case("4.3 the rest of another block", c => Within(c, FrameKind.Continuation, 3, []), Ends(protocol));
        yield return Case("5.5 an unknown frame within a block", c => Within(c, (FrameKind)0x16, 0, Eight), Ends(protocol));
        yield return Case("5.5 an unknown frame on a stream", c => Then(c, Post, EndHeaders, FrameKind.Data + 0x40, [1], then: () => c.Data(1, "x", ends: true)), Serves(1));

        yield return Case("5.1 idle: data", c => c.Send(FrameKind.Data, EndStream, 1, [1]), Ends(protocol));
        yield return Case("5.1 idle: reset", c => Reset(c, 1), Ends(protocol));
        yield return Case("5.1 idle: window", c => Update(c, 1, 100), Ends(protocol));
        yield return Case("5.1 idle: continuation", c => c.Send(FrameKind.Continuation, EndHeaders, 1, Get), Ends(protocol));
        yield return Case("5.1 idle: priority", c => c.Send(FrameKind.Priority, FrameFlags.None, 1, 0, 0, 0, 0, 1), GoesOn);
        yield return Case("5.1 half closed: data", c => Then(c, Held, Whole, FrameKind.Data, [1]), Ends(closed));
        yield return Case("5.1 half closed: head", c => Then(c, Held, Whole, FrameKind.Headers, Get, Whole), Ends(closed));
        yield return Case("5.1 half closed: continuation", c => Then(c, Held, Whole, FrameKind.Continuation, Get, EndHeaders), Ends(protocol));
        yield return Case("5.1 half closed: window", c => Then(c, Get, Whole, FrameKind.WindowUpdate, Http2Wire.Number(100)), Serves(1));
        yield return Case("5.1 half closed: priority", c => Then(c, Get, Whole, FrameKind.Priority, [0, 0, 0, 0, 1]), Serves(1));
        yield return Case("5.1 half closed: reset", c => Then(c, Held, Whole, FrameKind.ResetStream, Http2Wire.Number(8)), GoesOn);
        foreach (var reset in (bool[])[true, false])
        {
            var how = reset ? "closed by a reset" : "closed";
            yield return Case($"5.1 {how}: data", c => Closed(c, reset, FrameKind.Data, EndStream, [1]), Ends(closed));
            yield return Case($"5.1 {how}: head", c => Closed(c, reset, FrameKind.Headers, Whole, Get), Ends(closed));
            yield return Case($"5.1 {how}: continuation", c => Closed(c, reset, FrameKind.Continuation, EndHeaders, Get), Ends(protocol));
            yield return Case($"5.1 {how}: window", c => Closed(c, reset, FrameKind.WindowUpdate, FrameFlags.None, Http2Wire.Number(100)), GoesOn);
            yield return Case($"5.1 {how}: priority", c => Closed(c, reset, FrameKind.Priority, FrameFlags.None, [0, 0, 0, 0, 1]), GoesOn);
            yield return Case($"5.1 {how}: reset", c => Closed(c, reset, FrameKind.ResetStream, FrameFlags.None, Http2Wire.Number(8)), GoesOn);
        }

        yield return Case("5.1.1 an even number", c => c.Send(FrameKind.Headers, Whole, 2, Get), Ends(protocol));
        yield return Case("5.1.1 a number below the last that was left out", c => Heads(c, 5, 3), Ends(protocol));
        yield return Case("5.1.1 a number that was used", c => Heads(c, 5, 5), Ends(closed));
        yield return Case("5.1.1 numbers may be left out", c => c.Send(FrameKind.Headers, Whole, 77, Get), Serves(77));
        yield return Case("5.3.2 a priority for a higher stream leaves the lower ones", c =>
        {
            c.Send(FrameKind.Priority, FrameFlags.None, 9, 0, 0, 0, 0, 1);
            c.Send(FrameKind.Headers, Whole, 1, Get);
        }, Serves(1));
        yield return Case("5.3.2 a head that depends on itself", c => c.Send(FrameKind.Headers, Whole | FrameFlags.Priority, 1, [0, 0, 0, 1, 255, .. Get]), Serves(1));
        yield return Case("5.3.2 a priority that depends on itself", c => c.Send(FrameKind.Priority, FrameFlags.None, 1, 0, 0, 0, 1, 255), GoesOn);
        yield return Case("5.3.2 an exclusive priority", c => c.Send(FrameKind.Priority, FrameFlags.None, 3, 0x80, 0, 0, 1, 15), GoesOn);

        yield return Case("6.1 data on no stream", c => c.Send(FrameKind.Data, EndStream, 0, [1]), Ends(protocol));
        yield return Case("6.1 padding longer than the data", c => Then(c, Post, EndHeaders, FrameKind.Data, [6, .. "data"u8], EndStream | FrameFlags.Padded), Ends(protocol));
        yield return Case("6.1 padding without its length", c => Then(c, Post, EndHeaders, FrameKind.Data, [], EndStream | FrameFlags.Padded), Ends(protocol));
        yield return Case("6.1 data that is padding only", c => Then(c, Post, EndHeaders, FrameKind.Data, [3, 0, 0, 0], EndStream | FrameFlags.Padded), Serves(1));
        yield return Case("6.2 a head on no stream", c => c.Send(FrameKind.Headers, Whole, 0, Get), Ends(protocol));
        yield return Case("6.2 padding longer than the head", c => c.Send(FrameKind.Headers, Whole | FrameFlags.Padded, 1, [(byte)(Get.Length + 1), .. Get]), Ends(protocol));
        yield return Case("6.2 a head with padding and priority", c => c.Send(FrameKind.Headers, Whole | FrameFlags.Padded | FrameFlags.Priority, 1, [2, 0, 0, 0, 0, 1, .. Get, 0, 0]), Serves(1));
        yield return Case("6.2 a head shorter than its priority", c => c.Send(FrameKind.Headers, Whole | FrameFlags.Priority, 1, 0, 0, 0, 0), Ends(size));
        yield return Case("6.3 a priority of no stream", c => c.Send(FrameKind.Priority, FrameFlags.None, 0, 0, 0, 0, 0, 1), Ends(protocol));
        yield return Case("6.3 a priority of another length", c => c.Send(FrameKind.Priority, FrameFlags.None, 1, 0, 0, 0, 1), Ends(size));
        yield return Case("6.4 a reset of no stream", c => Reset(c, 0), Ends(protocol));
        yield return Case("6.4 a reset of another length", c => Then(c, Held, Whole, FrameKind.ResetStream, [0, 0, 8]), Ends(size));

        yield return Case("6.5 settings are acknowledged", c => c.Send(FrameKind.Settings, FrameFlags.None, 0), c => Assert.That(c.ReadOne(FrameKind.Settings)!.Flags, Is.EqualTo(FrameFlags.Ack)));
        yield return Case("6.5 an acknowledgement that says something", c => c.Send(FrameKind.Settings, FrameFlags.Ack, 0, 0), Ends(size));
        yield return Case("6.5 settings of a stream", c => c.Send(FrameKind.Settings, FrameFlags.None, 1, 0, 3, 0, 0, 0, 100), Ends(protocol));
        yield return Case("6.5 settings of another length", c => c.Send(FrameKind.Settings, FrameFlags.None, 0, 0, 3, 0), Ends(size));
        yield return Case("6.5.2 push that is neither on nor off", c => Set(c, (SettingId.EnablePush, 2)), Ends(protocol));
        yield return Case("6.5.2 a window that is too large", c => Set(c, (SettingId.InitialWindowSize, int.MinValue)), Ends(flow));
        yield return Case("6.5.2 frames that are too small", c => Set(c, (SettingId.MaxFrameSize, 16_383)), Ends(protocol));
        yield return Case("6.5.2 frames that are too large", c => Set(c, (SettingId.MaxFrameSize, 1 << 24)), Ends(protocol));
        yield return Case("6.5.2 a setting that nobody knows", c => Set(c, ((SettingId)0x1234, -1)), GoesOn);
        yield return Case("6.5.3 of two values the last counts", c =>
        {
            Set(c, (SettingId.InitialWindowSize, 100), (SettingId.InitialWindowSize, 1));
            c.Send(FrameKind.Headers, Whole, 1, Get);
        }, HasData(1, 1));

        yield return Case("6.6 a promise", c => Then(c, Post, EndHeaders, FrameKind.PushPromise, [0, 0, 0, 2, .. Get], EndHeaders), Ends(protocol));
        yield return Case("6.7 a ping", c => c.Send(FrameKind.Ping, FrameFlags.None, 0, [.. "pingpong"u8]), Pongs("pingpong"));
        yield return Case("6.7 a pong that nobody asked for", c =>
        {
            c.Send(FrameKind.Ping, FrameFlags.Ack, 0, [.. "not this"u8]);
            c.Send(FrameKind.Ping, FrameFlags.None, 0, [.. "but this"u8]);
        }, Pongs("but this"));
        yield return Case("6.7 a ping of a stream", c => c.Send(FrameKind.Ping, FrameFlags.None, 1, Eight), Ends(protocol));
        yield return Case("6.7 a ping of another length", c => c.Send(FrameKind.Ping, FrameFlags.None, 0, new byte[6]), Ends(size));
        yield return Case("6.8 a goodbye", c => GoAway(c, Http2Error.NoError), GoesOn);
        yield return Case("6.8 a goodbye of a stream", c => c.Send(FrameKind.GoAway, FrameFlags.None, 1, Eight), Ends(protocol));

        yield return Case("6.9 a window that grows by nothing", c => Update(c, 0, 0), Ends(protocol));
        yield return Case("6.9 a stream's window that grows by nothing (5.4.1)", c => Then(c, Held, Whole, FrameKind.WindowUpdate, Http2Wire.Number(0)), Ends(protocol));
        yield return Case("6.9 a window of another length", c => c.Send(FrameKind.WindowUpdate, FrameFlags.None, 0, 0, 0, 1), Ends(size));
        yield return Case("6.9.1 a window of one byte", c =>
        {
            Set(c, (SettingId.InitialWindowSize, 1));
            c.Send(FrameKind.Headers, Whole, 1, Get);
        }, HasData(1, 1));
        yield return Case("6.9.1 the connection's window too large", c =>
        {
            Update(c, 0, int.MaxValue);
            Update(c, 0, int.MaxValue);
        }, Ends(flow));
        yield return Case("6.9.1 a stream's window too large (5.4.1)", c => Then(c, Held, Whole, FrameKind.WindowUpdate, Http2Wire.Number(int.MaxValue)), Ends(flow));
        yield return Case("6.9.2 a window that changes with the settings", c =>
        {
            Set(c, (SettingId.InitialWindowSize, 0));
            c.Send(FrameKind.Headers, Whole, 1, Get);
            Assert.That(c.ReadOne(FrameKind.Headers)!.StreamId, Is.EqualTo(1));
            Set(c, (SettingId.InitialWindowSize, 1));
        }, HasData(1, 1));
        yield return Case("6.9.2 a window below zero", c =>
        {
            Set(c, (SettingId.InitialWindowSize, 1));
            SendBody(c, [.. "hello"u8]);
            Assert.That(c.ReadOne(FrameKind.Data)!.Payload, Has.Length.EqualTo(1));
            Set(c, (SettingId.InitialWindowSize, 0));
            Update(c, 1, 1);
            Update(c, 1, 2);
        }, HasData(1, 2));
        yield return Case("6.9.2 a stream's window too large by the settings", c =>
        {
            Then(c, Held, Whole, FrameKind.WindowUpdate, Http2Wire.Number(int.MaxValue - Window));
            Set(c, (SettingId.InitialWindowSize, Window + 1));
        }, Ends(flow));

        yield return Case("6.10 a head in three frames", c =>
        {
            Within(c, FrameKind.Continuation, 1, []);
            c.Send(FrameKind.Continuation, EndHeaders, 1, Get[10..]);
        }, Serves(1));
        yield return Case("6.10 a continuation of no stream", c => Within(c, FrameKind.Continuation, 0, []), Ends(protocol));
        yield return Case("6.10 a continuation of a head that is whole", c => Then(c, Held, Whole, FrameKind.Continuation, [], EndHeaders), Ends(protocol));
        yield return Case("6.10 a continuation behind the last", c =>
        {
            c.Send(FrameKind.Headers, EndStream, 1, Held[..10]);
            c.Send(FrameKind.Continuation, EndHeaders, 1, Held[10..]);
            c.Send(FrameKind.Continuation, EndHeaders, 1);
        }, Ends(protocol));
        yield return Case("6.10 a continuation behind data", c =>
        {
            c.Send(FrameKind.Headers, EndHeaders, 1, Post);
            c.Data(1, "x");
            c.Send(FrameKind.Continuation, EndHeaders, 1, Get);
        }, Ends(protocol));

        yield return Case("7 a goodbye for a reason that nobody knows", c => GoAway(c, (Http2Error)0xff), GoesOn);
        yield return Case("7 a reset for a reason that nobody knows", c => Then(c, Held, Whole, FrameKind.ResetStream, Http2Wire.Number(0xff)), GoesOn);

        yield return Case("8.1 GET", c => c.Send(FrameKind.Headers, Whole, 1, Get), Serves(1));
        yield return Case("8.1 HEAD", c => c.Send(FrameKind.Headers, Whole, 1, Block("HEAD", "/")), c => Assert.That(c.ReadOne(FrameKind.Headers)!.EndsStream, Is.True));
        yield return Case("8.1 a body in two frames", c =>
        {
            c.Send(FrameKind.Headers, EndHeaders, 1, Post);
            c.Data(1, "hel");
            c.Data(1, "lo", ends: true);
        }, Serves(1));
        yield return Case("8.1 trailers", c => Trailers(c, Whole, ("x", "1")), Serves(1));
        yield return Case("8.1 a second head that is no end", c => Trailers(c, EndHeaders, ("x", "1")), Resets(1));
        yield return Case("8.1 pseudo fields in trailers", c => Trailers(c, Whole, (":method", "GET")), Resets(1));
        yield return Case("8.1.1 a length that is not the data's", c => SendBody(c, [.. "four"u8], ("content-length", "1")), Resets(1));
        yield return Case("8.1.1 a length that is not all data's", c =>
        {
            c.Send(FrameKind.Headers, EndHeaders, 1, Block("POST", "/", ("content-length", "2")));
            c.Data(1, "f");
            c.Data(1, "our", ends: true);
        }, Resets(1));
        yield return Case("8.1.1 a length that trailers cut short", c =>
        {
            c.Send(FrameKind.Headers, EndHeaders, 1, Block("POST", "/", ("content-length", "9")));
            c.Data(1, "four");
            c.Send(FrameKind.Headers, Whole, 1, Http2Wire.Block([("x", "1")]));
        }, Resets(1));
        yield return Case("8.1.1 a length without data", c => c.Send(FrameKind.Headers, Whole, 1, Block("POST", "/", ("content-length", "4"))), Resets(1));

        yield return Head("8.2.1 a name in upper case", [.. Http2Wire.Request("GET", "/"), ("X-Upper", "1")]);
        yield return Head("8.2.2 a field of the connection", [.. Http2Wire.Request("GET", "/"), ("connection", "keep-alive")]);
        yield return Head("8.2.2 te for anything but trailers", [.. Http2Wire.Request("GET", "/"), ("te", "trailers, deflate;q=0.5")]);
        yield return Head("8.3 a pseudo field that nobody knows", [.. Http2Wire.Request("GET", "/"), (":x", "1")]);
        yield return Head("8.3 a pseudo field of responses", [.. Http2Wire.Request("GET", "/"), (":status", "200")]);
        yield return Head("8.3 a pseudo field behind a field", [(":method", "GET"), (":scheme", "http"), ("x", "1"), (":path", "/"), (":authority", "test")]);
        yield return Head("8.3.1 an empty path", Http2Wire.Request("GET", ""));
        foreach (var name in (string[])[":method", ":scheme", ":path"])
        {
            yield return Head($"8.3.1 no {name}", [.. Http2Wire.Request("GET", "/").Where(field => field.Name != name)]);
            yield return Head($"8.3.1 {name} twice", [.. Http2Wire.Request("GET", "/"), Http2Wire.Request("GET", "/").Single(field => field.Name == name)]);
        }

        // RFC 7541. What stands before is a request by the static table, without its authority.
        byte[] start = [0x82, 0x86, 0x84];
        byte[] host = [0x01, 4, .. "test"u8];
        foreach (var (name, field) in ((string, byte[])[])
            [
                ("6.1 an index", [0x90]),
                ("6.2.1 a literal that is indexed, by an indexed name", [0x7a, 1, (byte)'x']),
                ("6.2.1 a literal that is indexed", [0x40, 1, (byte)'x', 1, (byte)'y']),
                ("6.2.1 a literal that is indexed, coded", [0x40, 0x81, 0xf3, 0x81, 0xf5]),
                ("6.2.2 a literal by an indexed name", [0x0f, 0x2b, 1, (byte)'x']),
                ("6.2.2 a literal", [0x00, 1, (byte)'x', 1, (byte)'y']),
                ("6.2.3 a literal that is never indexed", [0x10, 1, (byte)'x', 0x81, 0xf5]),
                ("6.2.3 a literal that is never indexed, by an indexed name", [0x1f, 0x2b, 1, (byte)'x']),
            ])
        {
            yield return Case($"RFC 7541 {name}", c => c.Send(FrameKind.Headers, Whole, 1, [.. start, .. host, .. field]), Serves(1));
        }

        yield return Case("RFC 7541 6.3 table sizes", c => c.Send(FrameKind.Headers, Whole, 1, [0x20, 0x3f, 0xe1, 0x1f, .. start, .. host]), Serves(1));
        foreach (var (name, field) in ((string, byte[])[])
            [
                ("2.3.3 an index beyond the tables", [0xff, 0x81, 0x01]),
                ("2.3.3 a name's index beyond the tables", [0x7f, 0x81, 0x01, 1, (byte)'x']),
                ("4.2 a table size at the end", [0x20]),
                ("5.2 a code's padding of a byte", [0x00, 1, (byte)'x', 0x82, 0xf5, 0xff]),
                ("5.2 a code's padding of zeros", [0x00, 1, (byte)'x', 0x81, 0xf4]),
                ("5.2 the end's symbol in a code", [0x00, 1, (byte)'x', 0x84, 0xff, 0xff, 0xff, 0xff]),
                ("6.1 index 0", [0x80]),
                ("6.3 a table size above the bound", [0x3f, 0xe2, 0x1f]),
            ])
        {
            var isSize = name.StartsWith("6.3", StringComparison.Ordinal);
            yield return Case($"RFC 7541 {name}", c => c.Send(FrameKind.Headers, Whole, 1, isSize ? [.. field, .. start, .. host] : [.. start, .. host, .. field]), Ends(compression));
        }

        yield return Case("RFC 7541 4.2 a table that the client does not keep", c =>
        {
            Set(c, (SettingId.HeaderTableSize, 0));
            c.Send(FrameKind.Headers, Whole, 1, Get);
        }, c => Assert.That(c.ReadOne(FrameKind.Headers)!.Payload[0], Is.EqualTo(0x20), "the next block says so"));
    }

    private static TestCaseData Case(string name, Action<Http2Wire> sends, Action<Http2Wire> sees) => new TestCaseData(sends, sees).SetName(name);

    private static TestCaseData Head(string name, (string Name, string Value)[] fields) =>
        Case(name, c => c.Send(FrameKind.Headers, Whole, 1, Http2Wire.Block(fields)), Resets(1));

    private static byte[] Block(string method, string path, params (string Name, string Value)[] fields) => Http2Wire.Block(Http2Wire.Request(method, path, fields));

    private static void SendBody(Http2Wire client, byte[] body, params (string Name, string Value)[] fields)
    {
        client.Send(FrameKind.Headers, EndHeaders, 1, Block("POST", "/", fields));
        client.Send(FrameKind.Data, EndStream, 1, body);
    }

    private static void Trailers(Http2Wire client, FrameFlags flags, params (string Name, string Value)[] fields)
    {
        client.Send(FrameKind.Headers, EndHeaders, 1, Post);
        client.Data(1, "body");
        client.Send(FrameKind.Headers, flags, 1, Http2Wire.Block(fields));
    }

    // A block that has begun, and what may not come before its end.
    private static void Within(Http2Wire client, FrameKind kind, int stream, byte[] payload)
    {
        client.Send(FrameKind.Headers, EndStream, 1, Get[..10]);
        client.Send(kind, FrameFlags.None, stream, payload);
    }

    private static void Then(Http2Wire client, byte[] block, FrameFlags flags, FrameKind kind, byte[] payload, FrameFlags and = FrameFlags.None, Action? then = null)
    {
        client.Send(FrameKind.Headers, flags, 1, block);
        client.Send(kind, and, 1, payload);
        then?.Invoke();
    }

    private static void Closed(Http2Wire client, bool reset, FrameKind kind, FrameFlags flags, byte[] payload)
    {
        client.Send(FrameKind.Headers, Whole, 1, reset ? Held : Get);
        if (reset)
        {
            Reset(client, 1);
        }
        else
        {
            client.ReadResponse(1);
        }

        client.Send(kind, flags, 1, payload);
    }

    private static void Heads(Http2Wire client, int first, int second)
    {
        client.Send(FrameKind.Headers, Whole, first, Get);
        client.ReadResponse(first);
        client.Send(FrameKind.Headers, Whole, second, Get);
    }

    private static void Reset(Http2Wire client, int stream) => client.Send(FrameKind.ResetStream, FrameFlags.None, stream, Http2Wire.Number((int)Http2Error.Cancel));

    private static void Update(Http2Wire client, int stream, int more) => client.Send(FrameKind.WindowUpdate, FrameFlags.None, stream, Http2Wire.Number(more));

    private static void GoAway(Http2Wire client, Http2Error error) => client.Send(FrameKind.GoAway, FrameFlags.None, 0, [.. Http2Wire.Number(0), .. Http2Wire.Number((int)error)]);

    private static void Set(Http2Wire client, params (SettingId Id, int Value)[] settings) =>
        client.Send(FrameKind.Settings, FrameFlags.None, 0, [.. settings.SelectMany(Http2Wire.Setting)]);

    private static Action<Http2Wire> Ends(Http2Error error) => client =>
    {
        Assert.That(client.ReadOne(FrameKind.GoAway)?.Error, Is.EqualTo(error));
        Assert.That(client.Read(), Is.Null, "and closed");
    };

    private static Action<Http2Wire> Serves(int stream) => client => Assert.That(client.ReadResponse(stream).Status, Is.EqualTo(200));

    private static Action<Http2Wire> HasData(int stream, int bytes) => client =>
    {
        var frame = client.ReadOne(FrameKind.Data)!;
        Assert.That((frame.StreamId, frame.Payload.Length), Is.EqualTo((stream, bytes)));
    };

    // A fault of one request, which leaves the connection as it is.
    private static Action<Http2Wire> Resets(int stream) => client =>
    {
        var frame = client.ReadOne(FrameKind.ResetStream, FrameKind.GoAway)!;
        Assert.That((frame.Kind, frame.StreamId, frame.Error), Is.EqualTo((FrameKind.ResetStream, stream, Http2Error.ProtocolError)));
        GoesOn(client);
    };

    private static void GoesOn(Http2Wire client)
    {
        client.Send(FrameKind.Ping, FrameFlags.None, 0, [.. "and on.."u8]);
        Pongs("and on..")(client);
    }

    private static Action<Http2Wire> Pongs(string text) => client =>
    {
        var frame = client.ReadOne(FrameKind.Ping, FrameKind.GoAway)!;
        Assert.That((frame.Kind, frame.Flags, Encoding.ASCII.GetString(frame.Payload)), Is.EqualTo((FrameKind.Ping, FrameFlags.Ack, text)));
    };
}
