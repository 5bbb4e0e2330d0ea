using System.Collections.Frozen;
using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using LoadBalancer.Faults;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Templates;
using LoadBalancer.Tests;

namespace LoadBalancer.Http.Tests.Templates;

internal sealed class TemplateTests
{
    private readonly Exchange _exchange = Heads.Request("/trips/a%20b&c?x=1&y=%31", "Host: Shop.Example:8080", "X-Name: J\u00fcrgen \"<x>\" & /../?", "X-Twice: 1", "X-Twice: 2");

    [OneTimeSetUp]
    public void Capture()
    {
        _exchange.Captures[0] = new Slice(_exchange.Request.PathSlice.Start + 7, 7);
        _exchange.Identity = new Identity
        {
            Provider = "riders",
            Subject = "J\u00fcrgen",
            Plan = "pro",
            Claims = new Dictionary<string, ImmutableArray<string>> { ["https://example.com/tenant"] = ["a c/me", "x"], ["realm.roles"] = ["ops"], ["evil"] = ["a\r\nX: 1"] }.ToFrozenDictionary(),
        };
    }

    [TestCase("plain", "plain")]
    [TestCase("", "")]
    [TestCase("a $$ b $$${method}$ {}", "a $ b $GET$ {}")]
    [TestCase("${client_ip}", "198.51.100.7")]
    [TestCase("${host}", "shop.example")]
    [TestCase("${path}?${query}", "/trips/a%20b&c?x=1&y=%31")]
    [TestCase("<${path.id}>", "<a%20b&c>")]
    [TestCase("${scheme}://${host}", "http://shop.example")]
    [TestCase("${header.x-twice}", "1")]
    [TestCase("${header.X-None}.", ".")]
    [TestCase("${identity.plan}/${identity.claim.realm.roles}", "pro/ops")]
    [TestCase("${identity.claim.https://example.com/tenant}", "a c/me")]
    [TestCase("<${identity.claim.none}>", "<>")]
    [TestCase("${header.Host}", "Shop.Example:8080")]
    public void Renders_variables_into_a_field(string text, string rendered) => Assert.That(Render(text, TemplateUse.Field), Is.EqualTo(rendered));

    [TestCase(TemplateUse.Path, "J%FCrgen%20%22%3Cx%3E%22%20%26%20%2F..%2F%3F")]
    [TestCase(TemplateUse.Location, "J%FCrgen%20%22%3Cx%3E%22%20%26%20%2F..%2F%3F")]
    [TestCase(TemplateUse.QueryValue, "J%FCrgen%20%22%3Cx%3E%22%20%26%20%2F..%2F%3F")]
    [TestCase(TemplateUse.Html, "J\u00fcrgen &#x22;&#x3C;x&#x3E;&#x22; &#x26; /../?")]
    [TestCase(TemplateUse.Json, "J\\u00FCrgen \\u0022<x>\\u0022 & /../?")]
    [TestCase(TemplateUse.Text, "J\u00fcrgen \"<x>\" & /../?")]
    public void What_a_client_chose_means_only_itself_where_it_is_written(TemplateUse use, string rendered) =>
        Assert.That(Render("${header.X-Name}", use), Is.EqualTo(rendered));

    [TestCase("${identity.sub}", TemplateUse.Field, "J\u00c3\u00bcrgen")]
    [TestCase("${identity.sub}", TemplateUse.Path, "J%C3%BCrgen")]
    [TestCase("${identity.claim.https://example.com/tenant}", TemplateUse.QueryValue, "a%20c%2Fme")]
    [TestCase("${identity.claim.https://example.com/tenant}", TemplateUse.Comparison, "a c/me")]
    [TestCase("/${path.id}", TemplateUse.Comparison, "/a b&c")]
    [TestCase("${query}", TemplateUse.Comparison, "x=1&y=%31")]
    public void An_identity_means_only_itself_where_it_is_written(string text, TemplateUse use, string rendered) => Assert.That(Render(text, use), Is.EqualTo(rendered));

    [Test]
    public void A_claim_with_a_line_end_is_no_value_of_a_field([Values(TemplateUse.Field, TemplateUse.Comparison)] TemplateUse use) =>
        Assert.That(Template.Parse("${identity.claim.evil}", []).Append(_exchange, new HeaderList(), use), Is.EqualTo(FaultKind.RequestInvalid));

    [Test]
    public void Nobody_is_an_empty_text()
    {
        var fields = new HeaderList();
        Assert.That(Template.Parse("${identity.sub}${identity.plan}${identity.claim.a}", []).Append(Heads.Request("/"), fields, TemplateUse.Field), Is.EqualTo(FaultKind.None));
        Assert.That(fields.Bytes.Length, Is.Zero);
    }

    [TestCase(TemplateUse.Path, "a%20b&c")]
    [TestCase(TemplateUse.QueryValue, "a%20b%26c")]
    public void What_is_encoded_already_is_not_encoded_twice(TemplateUse use, string rendered) => Assert.That(Render("${path.id}", use), Is.EqualTo(rendered));

    [TestCase("${client_up}", "'${client_up}' is no variable; did you mean 'client_ip'?")]
    [TestCase("${xyzzy}", "'${xyzzy}' is no variable; there are client_ip, host, path, query, method, scheme, request_id, identity.sub, identity.plan, path.NAME, header.NAME, identity.claim.NAME")]
    [TestCase("${path.ID}", "'${path.ID}': the route's path has no {ID}; it has {id}")]
    [TestCase("${header.}", "'${header.}': the name of a header field is missing, or has characters that no such name has")]
    [TestCase("${header.a b}", "'${header.a b}': the name of a header field is missing, or has characters that no such name has")]
    [TestCase("${path", "'${' without '}'; a dollar is written $$")]
    [TestCase("${}", "'${}' is no variable; there are client_ip, host, path, query, method, scheme, request_id, identity.sub, identity.plan, path.NAME, header.NAME, identity.claim.NAME")]
    public void What_it_does_not_know_is_an_error_at_load(string text, string fault) => Assert.That(Template.TryParse(text, ["id"], out _), Is.EqualTo(fault));

    [Test]
    public void P5_no_control_character_reaches_a_head_whatever_the_variables_hold()
    {
        var exchange = new Exchange(null!);
        var use = Gen.Elements(Enum.GetValues<TemplateUse>());
        Prop.ForAll(ArbMap.Default.ArbFor<string>(), use.ToArbitrary(), (text, use) =>
        {
            Heads.Refill(exchange, "/x");
            AddRaw(exchange, System.Text.Encoding.UTF8.GetBytes(text ?? ""));
            var start = exchange.Request.Fields.Bytes.Length;
            var fault = Template.Parse("${header.X-Name}", []).Append(exchange, exchange.Request.Fields, use);
            if (fault == FaultKind.None)
            {
                Assert.That(FieldText.IsValue(exchange.Request.Fields.Bytes[start..]), Is.True);
            }
        }).QuickCheckThrowOnFailure();
    }

    [TestCase("a\rb")]
    [TestCase("a\nb")]
    [TestCase("a\0b")]
    [TestCase("a\u007fb")]
    [TestCase("a\u001bb")]
    public void P5_a_control_character_is_refused_in_a_field(string value)
    {
        var exchange = Heads.Request("/x");
        AddRaw(exchange, System.Text.Encoding.Latin1.GetBytes(value));
        Assert.That(Template.Parse("${header.X-Name}", []).Append(exchange, exchange.Request.Fields, TemplateUse.Field), Is.EqualTo(FaultKind.RequestInvalid));
    }

    [Test]
    public void Allocates_nothing()
    {
        var template = Template.Parse("${client_ip}-${host}${path}?${query}-${path.id}-${header.X-Name}-${request_id}", ["id"]);
        var to = new HeaderList();
        Assert.That(Allocations.Of(() =>
        {
            to.Reset();
            template.Append(_exchange, to, TemplateUse.Field);
            template.Append(_exchange, to, TemplateUse.Path);
        }), Is.Zero);
    }

    // No parser lets such a value pass: what if one did.
    private static void AddRaw(Exchange exchange, byte[] value)
    {
        exchange.Request.Fields.BeginField("X-Name"u8);
        exchange.Request.Fields.Append(value);
        exchange.Request.Fields.EndField(KnownHeader.Other);
    }

    private string Render(string text, TemplateUse use)
    {
        var to = new HeaderList();
        Assert.That(Template.TryParse(text, ["id"], out var template), Is.Null);
        Assert.That(template.Append(_exchange, to, use), Is.EqualTo(FaultKind.None));
        return System.Text.Encoding.Latin1.GetString(to.Bytes);
    }
}
