using LoadBalancer.Http.Forwarding;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Tests.Forwarding;

internal sealed class TraceContextTests
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";
    private const string Span = "b7ad6b7169203331";

    private readonly RequestIds _ids = new();

    [TestCase($"00-{Trace}-{Span}-00", "00")]
    [TestCase($"00-{Trace}-{Span}-01", "01")]
    [TestCase($"01-{Trace}-{Span}-0b", "01")]
    [TestCase($"cc-{Trace}-{Span}-fa-what-comes-later", "00")]
    public void A_valid_trace_gets_a_new_span(string sent, string flags)
    {
        var fields = Continue($"traceparent: {sent}", "tracestate: a=b");
        Assert.That(fields.Values("traceparent"), Has.Length.EqualTo(1).And.All.Match($"^00-{Trace}-(?!{Span})[0-9a-f]{{16}}-{flags}$"));
        Assert.That(fields.Values("tracestate"), Is.EqualTo(new[] { "a=b" }));
    }

    [TestCase("")]
    [TestCase("nonsense")]
    [TestCase($"ff-{Trace}-{Span}-01")]
    [TestCase($"00-{Trace}-{Span}-01-more")]
    [TestCase($"00-{Trace}-{Span}-0")]
    [TestCase($"00-00000000000000000000000000000000-{Span}-01")]
    [TestCase($"00-{Trace}-0000000000000000-01")]
    [TestCase($"00-0AF7651916CD43DD8448EB211C80319C-{Span}-01")]
    [TestCase($"00_{Trace}_{Span}_01")]
    public void A_malformed_trace_is_replaced_and_its_state_goes(string sent)
    {
        var fields = Continue($"traceparent: {sent}", "tracestate: a=b");
        Assert.That(fields.Values("traceparent"), Has.Length.EqualTo(1).And.All.Match($"^00-(?!{Trace})[0-9a-f]{{32}}-[0-9a-f]{{16}}-01$"));
        Assert.That(fields.Values("tracestate"), Is.Empty);
    }

    [Test]
    public void Without_a_trace_one_begins_and_no_two_are_alike()
    {
        var first = Continue().Values("traceparent")[0];
        Assert.That(first, Does.Match("^00-[0-9a-f]{32}-[0-9a-f]{16}-01$"));
        Assert.That(Continue().Values("traceparent")[0][3..35], Is.Not.EqualTo(first[3..35]));
    }

    [Test]
    public void Two_traces_are_none() =>
        Assert.That(Continue($"traceparent: 00-{Trace}-{Span}-01", $"traceparent: 00-{Trace}-{Span}-01").Values("traceparent"), Has.Length.EqualTo(1).And.None.Contains(Trace));

    [Test]
    public void A_trace_that_begins_here_has_the_id_of_its_request()
    {
        Assert.That(Continue([.. "0123456789abcdef0123456789abcdef"u8], []).Values("traceparent")[0], Does.StartWith("00-0123456789abcdef0123456789abcdef-"));
        Assert.That(Continue([.. "of-a-proxy"u8], []).Values("traceparent")[0], Does.Match("^00-[0-9a-f]{32}-"));
    }

    private HeaderList Continue(params string[] sent) => Continue([], sent);

    private HeaderList Continue(byte[] requestId, string[] sent)
    {
        var fields = Heads.Request("/", sent).Request.Fields;
        TraceContext.Continue(fields, _ids, requestId);
        return fields;
    }
}
