using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using LoadBalancer.Faults;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Policies;
using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Telemetry;
using LoadBalancer.Http.Tests.Policies;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Http.Tests.Telemetry;

internal sealed class JsonRequestLineTests
{
    private const AccessLogFields EveryField = AccessLogFields.RawPath | AccessLogFields.Query | AccessLogFields.Referer;

    [Test]
    public void Has_every_key_in_one_order_and_neither_the_clients_path_nor_its_query() => Assert.That(Format(EndedExchange.Answered()), Is.EqualTo(
        """{"time":"2026-11-22T05:17:09.123Z","listener":"public","route":"users","request_id":"4bf92f3577b34da6a3ce929d0e0e4736","client":"198.51.100.7","identity":null,"auth":null,"plan":null,"method":"GET","""
        + "\"host\":\"api.example.com\",\"path\":\"/users/{id}\",\"version\":\"HTTP/1.1\",\"tls\":null,\"server_name\":null,\"status\":201,\"grpc_status\":null,\"cache\":null,\"upstream\":null,\"endpoint\":\"10.0.0.1:8080\",\"attempts\":1,\"retried_for\":null,"
        + "\"queue_ms\":0.015,\"connect_ms\":0.210,\"first_byte_ms\":12.034,\"total_ms\":12.501,\"paused_ms\":null,\"received_bytes\":17,\"sent_bytes\":4096,"
        + "\"user_agent\":\"curl/8.5\",\"shadow\":null,\"limit\":null,\"result\":\"ok\",\"side\":null}\n"));

    [Test]
    public void Has_what_the_client_sent_where_the_file_asks_for_it()
    {
        var line = Parse(EndedExchange.Answered(), EveryField);
        Assert.That(new[] { "path", "raw_path", "query", "referer" }.Select(key => line.GetProperty(key).GetString()),
            Is.EqualTo(new[] { "/users/{id}", "/users/7", "token=secret", "https://example.com/a?session=secret" }));

        var without = Format(EndedExchange.Answered(), AccessLogFields.RawPath | AccessLogFields.Referer);
        Assert.That(without, Does.Contain("\"referer\":\"https://example.com/a\"").And.Not.Contain("secret"));
    }

    [Test]
    public void Has_the_cipher_and_the_subject_of_the_client_where_the_file_asks_for_them()
    {
        var keys = Parse(EndedExchange.Answered(), AccessLogFields.Cipher | AccessLogFields.ClientSubject).EnumerateObject().Select(key => (key.Name, key.Value.ValueKind)).ToList();
        Assert.That(keys.SkipWhile(key => key.Name != "server_name").Take(4), Is.EqualTo(
            [("server_name", JsonValueKind.Null), ("cipher", JsonValueKind.Null), ("client_subject", JsonValueKind.Null), ("status", JsonValueKind.Number)]), "in clear there is neither");
    }

    [Test]
    public void Says_null_for_what_does_not_apply_and_names_the_fault()
    {
        var exchange = EndedExchange.Refused("/admin.php");
        exchange.ClientAddress = null;
        EndedExchange.Respond(exchange, 404);
        var line = Parse(exchange, EveryField, new ExchangeTimes(null, null, null, TimeSpan.Zero));

        Assert.That(line.EnumerateObject().Where(key => key.Value.ValueKind == JsonValueKind.Null).Select(key => key.Name), Is.EqualTo(new[]
        {
            "route", "client", "identity", "auth", "plan", "host", "path", "query", "tls", "server_name", "grpc_status", "cache", "upstream", "endpoint", "retried_for", "queue_ms", "connect_ms", "first_byte_ms", "paused_ms", "user_agent", "referer", "shadow", "limit",
        }));
        Assert.That((line.GetProperty("result").GetString(), line.GetProperty("side").GetString()), Is.EqualTo(("no_route", "client")));
    }

    [Test]
    public void Has_a_line_for_a_head_that_could_not_be_read()
    {
        var exchange = new Exchange(null!) { Carrier = EndedExchange.Refused("/").Carrier, Fault = new Fault(FaultSide.Client, FaultKind.RequestInvalid) };
        EndedExchange.Respond(exchange, 400);
        var line = Parse(exchange, EveryField);

        Assert.That(new[] { "method", "raw_path", "version", "request_id" }.Select(key => line.GetProperty(key).ValueKind), Is.All.EqualTo(JsonValueKind.Null));
        Assert.That((line.GetProperty("status").GetInt32(), line.GetProperty("result").GetString()), Is.EqualTo((400, "request_invalid")));
    }

    [TestCase(FaultSide.Client, FaultKind.ClientClosed, 499)]
    [TestCase(FaultSide.Internal, FaultKind.Bug, 500)]
    public void Has_a_status_where_none_could_be_sent(FaultSide side, FaultKind kind, int status)
    {
        var exchange = EndedExchange.Refused("/");
        exchange.Fault = new Fault(side, kind);
        exchange.Response.Status = 200;

        Assert.That(Parse(exchange).GetProperty("status").GetInt32(), Is.EqualTo(status));
    }

    [Test]
    public void Escapes_what_would_forge_a_line_or_steer_a_terminal()
    {
        const string Agent = "x\"}\n{\"level\":\"\u001b[2J\u009b\\\t";
        var line = Format(EndedExchange.Answered("/", "Host: a", $"User-Agent: {Agent}"));

        Assert.That(line.TrimEnd('\n').Any(char.IsControl), Is.False);
        Assert.That(line, Does.Not.Contain("\"level\""));
        // The harness sends Latin-1, in which U+009B is a byte that begins nothing in UTF-8.
        Assert.That(JsonDocument.Parse(line).RootElement.GetProperty("user_agent").GetString(), Is.EqualTo(Agent.Replace('\u009b', '\ufffd')));
    }

    [Test]
    public void Keeps_text_in_UTF_8_and_replaces_bytes_that_are_none()
    {
        var exchange = EndedExchange.Answered("/", "Host: a");
        EndedExchange.Add(exchange.Request.Fields, "User-Agent", [.. "naïve "u8, 0xFF, 0xC3, (byte)'!', 0xE2, 0x82]);

        Assert.That(Parse(exchange).GetProperty("user_agent").GetString(), Is.EqualTo("naïve \ufffd\ufffd!\ufffd"));
    }

    [Test]
    public void Cuts_a_long_text_and_marks_it_never_within_a_character()
    {
        var exchange = EndedExchange.Answered("/", "Host: a");
        EndedExchange.Add(exchange.Request.Fields, "User-Agent", Encoding.UTF8.GetBytes("a" + string.Concat(Enumerable.Repeat("é", 400))));

        Assert.That(Parse(exchange).GetProperty("user_agent").GetString(), Is.EqualTo("a" + string.Concat(Enumerable.Repeat("é", 255)) + "..."));
        exchange = EndedExchange.Answered("/", "Host: a", "User-Agent: " + new string('b', 513));
        Assert.That(Parse(exchange).GetProperty("user_agent").GetString(), Is.EqualTo(new string('b', 512) + "..."));
    }

    [Test]
    public async Task Says_who_called_and_what_policies_in_the_shadow_would_have_refused()
    {
        var exchange = EndedExchange.Answered();
        exchange.Identity = new Identity { Provider = "riders", Subject = "alice" };
        var refusals = new[] { FaultKind.CredentialMissing, FaultKind.None, FaultKind.RoleMissing };
        var chain = new PolicyChain(new(), [], [.. refusals.Select((kind, at) => new PolicyStep(new ScriptedPolicy($"p{at}", []) { Answer = () => new(kind == FaultKind.None ? PolicyOutcome.Allowed : PolicyOutcome.Refuse(kind)) }, true))]);
        var plain = exchange.Route!;
        exchange.Route = new Route { Name = plain.Name, Template = plain.Template, Options = plain.Options, Policies = chain, Handler = plain.Handler };
        Assert.That((await chain.OnRequestAsync(exchange)).IsFinal, Is.False);
        var line = Parse(exchange);
        Assert.That(new[] { "identity", "auth", "shadow" }.Select(key => line.GetProperty(key).GetString()), Is.EqualTo(new[] { "alice", "riders", "p0:credential_missing,p2:role_missing" }));
    }

    [Test]
    public void Fits_its_buffer_whatever_the_client_sends()
    {
        foreach (var letter in new[] { '\u00ff', '"', 'a', '\u00e9' })
        {
            var much = new string(letter, 8000);
            var exchange = EndedExchange.Answered($"/{much}?{much}", $"Host: {much}", $"User-Agent: {much}", $"Referer: {much}");
            exchange.Route = EndedExchange.RouteOf(much, much);
            exchange.Identity = new Identity { Provider = much, Subject = much };
            exchange.Request.MethodSlice = exchange.RequestIdSlice = EndedExchange.Append(exchange.Request.Fields, Encoding.Latin1.GetBytes(much));
            var buffer = new byte[LoopLog.LongestLine];

            Assert.That(JsonRequestLine.TryFormat(much, exchange, EndedExchange.Times, EndedExchange.Now, EveryField, buffer, out _), Is.True);
            Assert.That(CombinedRequestLine.TryFormat(exchange, EndedExchange.Now, EveryField, buffer, out _), Is.True);
        }
    }

    [Test]
    public void Never_goes_past_its_buffer()
    {
        var exchange = EndedExchange.Answered("/é", "Host: é", "User-Agent: \"é\u0001");
        var whole = Encoding.UTF8.GetByteCount(Format(exchange, EveryField));
        foreach (var size in Enumerable.Range(0, whole))
        {
            Assert.That(JsonRequestLine.TryFormat("public", exchange, EndedExchange.Times, EndedExchange.Now, EveryField, new byte[size], out _), Is.False, $"{size} bytes");
        }

        Assert.That(JsonRequestLine.TryFormat("public", exchange, EndedExchange.Times, EndedExchange.Now, EveryField, new byte[whole], out var length), Is.True);
        Assert.That(length, Is.EqualTo(whole));
    }

    [Test]
    public void Reads_back_as_JSON_whatever_bytes_are_sent() =>
        Prop.ForAll<byte[]>(bytes =>
        {
            var exchange = EndedExchange.Answered("/", "Host: a");
            EndedExchange.Add(exchange.Request.Fields, "User-Agent", bytes ?? []);
            exchange.Request.MethodSlice = EndedExchange.Append(exchange.Request.Fields, bytes);
            var line = Format(exchange);
            using var json = JsonDocument.Parse(line);
            return line.IndexOf('\n', StringComparison.Ordinal) == line.Length - 1 && !line.TrimEnd('\n').Any(char.IsControl);
        }).QuickCheckThrowOnFailure();

    private static JsonElement Parse(Exchange exchange, AccessLogFields fields = AccessLogFields.None, ExchangeTimes? times = null) =>
        JsonDocument.Parse(Format(exchange, fields, times)).RootElement;

    private static string Format(Exchange exchange, AccessLogFields fields = AccessLogFields.None, ExchangeTimes? times = null)
    {
        var buffer = new byte[LoopLog.LongestLine];
        Assert.That(JsonRequestLine.TryFormat("public", exchange, times ?? EndedExchange.Times, EndedExchange.Now, fields, buffer, out var length), Is.True);
        return Encoding.UTF8.GetString(buffer, 0, length);
    }
}
