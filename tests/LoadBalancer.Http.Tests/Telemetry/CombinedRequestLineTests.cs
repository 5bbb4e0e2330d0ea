using System.Text;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using LoadBalancer.Faults;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Telemetry;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Http.Tests.Telemetry;

internal sealed partial class CombinedRequestLineTests
{
    private const AccessLogFields EveryField = AccessLogFields.RawPath | AccessLogFields.Query | AccessLogFields.Referer;

    [TestCase(AccessLogFields.None, "\"GET /users/{id} HTTP/1.1\" 201 4096 \"-\" \"curl/8.5\"")]
    [TestCase(AccessLogFields.RawPath, "\"GET /users/7 HTTP/1.1\" 201 4096 \"-\" \"curl/8.5\"")]
    [TestCase(AccessLogFields.Referer, "\"GET /users/{id} HTTP/1.1\" 201 4096 \"https://example.com/a\" \"curl/8.5\"")]
    [TestCase(EveryField, "\"GET /users/7?token=secret HTTP/1.1\" 201 4096 \"https://example.com/a?session=secret\" \"curl/8.5\"")]
    public void Is_what_tools_expect_with_the_fields_that_were_asked_for(AccessLogFields fields, string expected) =>
        Assert.That(Format(EndedExchange.Answered(), fields), Is.EqualTo($"198.51.100.7 - - [22/Nov/2026:05:17:09 +0000] {expected}\n"));

    [TestCase("alice", "alice")]
    [TestCase("Alice O'Hara \"x\"", "Alice\\x20O'Hara\\x20\\\"x\\\"")]
    [TestCase("J\u00fcrgen\n", "J\\xc3\\xbcrgen\\x0a")]
    public void Names_the_user_in_the_third_column_as_one_word(string subject, string shown)
    {
        var exchange = EndedExchange.Answered();
        exchange.Identity = new Identity { Provider = "p", Subject = subject };
        Assert.That(Format(exchange), Does.StartWith($"198.51.100.7 - {shown} [22/Nov/2026:05:17:09 +0000] "));
    }

    [Test]
    public void Has_a_dash_for_what_there_is_not()
    {
        var exchange = EndedExchange.Refused("/x");
        exchange.ClientAddress = null;
        EndedExchange.Respond(exchange, 404);
        Assert.That(Format(exchange), Is.EqualTo("- - - [22/Nov/2026:05:17:09 +0000] \"GET - HTTP/1.1\" 404 0 \"-\" \"-\"\n"));

        exchange = new Exchange(null!) { Carrier = exchange.Carrier, Fault = new Fault(FaultSide.Client, FaultKind.RequestInvalid) };
        EndedExchange.Respond(exchange, 400);
        Assert.That(Format(exchange), Does.Contain("] \"-\" 400 0 "));
    }

    [Test]
    public void Escapes_quotes_backslashes_and_every_byte_that_is_not_printable() => Assert.That(
        Format(EndedExchange.Answered("/", "Host: a", "User-Agent: a\"b\\c\nd\u001be\u00ff")), Does.EndWith("\"a\\\"b\\\\c\\x0ad\\x1be\\xff\"\n"));

    [Test]
    public void Cuts_a_long_text_and_marks_it() => Assert.That(
        Format(EndedExchange.Answered("/", "Host: a", "User-Agent: " + new string('\u00ff', 1000))), Does.EndWith(string.Concat(Enumerable.Repeat("\\xff", 128)) + "...\"\n"));

    [Test]
    public void Is_of_one_form_whatever_bytes_are_sent() =>
        Prop.ForAll<byte[]>(bytes =>
        {
            var exchange = EndedExchange.Answered("/", "Host: a");
            EndedExchange.Add(exchange.Request.Fields, "User-Agent", bytes ?? []);
            exchange.Request.MethodSlice = EndedExchange.Append(exchange.Request.Fields, bytes);
            return Form().IsMatch(Format(exchange));
        }).QuickCheckThrowOnFailure();

    [GeneratedRegex("""^198\.51\.100\.7 - - \[[^]]+\] "([^"\\\x00-\x1f\x7f-\uffff]|\\["\\]|\\x[0-9a-f]{2})*" 201 4096 "-" "([^"\\\x00-\x1f\x7f-\uffff]|\\["\\]|\\x[0-9a-f]{2})+"\n\z""")]
    private static partial Regex Form();

    private static string Format(Exchange exchange, AccessLogFields fields = AccessLogFields.None)
    {
        var buffer = new byte[LoopLog.LongestLine];
        Assert.That(CombinedRequestLine.TryFormat(exchange, EndedExchange.Now, fields, buffer, out var length), Is.True);
        return Encoding.UTF8.GetString(buffer, 0, length);
    }
}
