using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Http.Authentication;

namespace LoadBalancer.Http.Tests.Authentication;

internal sealed class IdentityMappingTests
{
    [Test]
    public void Claims_become_plan_roles_scopes_and_fields()
    {
        var identity = Map("""{"tier":"gold","realm_access":{"roles":["a","b"]},"scope":"read write","sub":"anna"}""");

        Assert.That((identity.Provider, identity.Subject, identity.Plan, identity.ExpiresAt), Is.EqualTo(("riders", "anna", "gold", 7L)));
        Assert.That(identity.Roles, Is.EqualTo(new[] { "a", "b" }));
        Assert.That(identity.Scopes, Is.EqualTo(new[] { "read", "write" }));
        Assert.That(Fields(identity), Is.EqualTo("X-User-Id: anna\nX-Roles: a,b"));
    }

    [TestCase("""{"scope":"a b  c"}""", "a,b,c")]
    [TestCase("""{"scope":"a"}""", "a")]
    [TestCase("""{"scope":""}""", "")]
    [TestCase("""{"scp":"a b"}""", "a,b")]
    [TestCase("""{"scp":["a","b c"]}""", "a,b,c")]
    [TestCase("""{"scope":"a","scp":["b"]}""", "a")]
    [TestCase("{}", "")]
    public void Scopes_are_a_text_or_a_list(string claims, string scopes) => Assert.That(string.Join(',', Map(claims).Scopes), Is.EqualTo(scopes));

    [TestCase("""{"tier":["gold","free"]}""", TestName = "A_plan_that_is_a_list_is_none")]
    [TestCase("{}", TestName = "Without_the_claim_there_is_no_plan")]
    public void There_is_no_plan(string claims) => Assert.That(Map(claims).Plan, Is.Null);

    [Test]
    public void A_claim_that_the_caller_does_not_have_is_no_field() => Assert.That(Fields(Map("""{"sub":"","realm_access":{"roles":[]}}""")), Is.Empty);

    [TestCase("""["plain"]""", "plain")]
    [TestCase("""["a","b"]""", "a,b")]
    [TestCase("""["a,admin"]""", "a%2Cadmin")]
    [TestCase("""["a","b,admin"]""", "a,b%2Cadmin")]
    [TestCase("""["",""]""", ",")]
    [TestCase("""["100%"]""", "100%25")]
    [TestCase("""["a\r\nX-Admin: 1"]""", "a%0D%0AX-Admin: 1")]
    [TestCase("""["\u0000\u007f\t"]""", "%00%7F%09")]
    [TestCase("""[" a b "]""", "%20a b%20")]
    [TestCase("""["Jörg"]""", "Jörg")]
    public void A_claim_cannot_become_another_item_or_another_field(string values, string field)
    {
        var claims = ClaimReader.Read(Encoding.UTF8.GetBytes($$"""{"c":{{values}}}"""))!;

        Assert.That(Encoding.UTF8.GetString(IdentityMapping.Render(claims["c"])), Is.EqualTo(field));
    }

    [TestCase("X-User-Id", true)]
    [TestCase("x_user_id", true)]
    [TestCase("Host", false)]
    [TestCase("authorization", false)]
    [TestCase("X_Forwarded_For", false)]
    [TestCase("Content-Length", false)]
    [TestCase("Transfer-Encoding", false)]
    [TestCase("X User", false)]
    [TestCase("Größe", false)]
    [TestCase("", false)]
    public void Only_fields_that_lb_does_not_go_by_may_tell_of_an_identity(string name, bool isAllowed) =>
        Assert.That(new IdentityHeaderKind().TryParse(name, out _), Is.EqualTo(isAllowed));

    private static Identity Map(string claims) =>
        new IdentityMapping("riders", "realm_access.roles", "tier", new ValueMap<string>([KeyValuePair.Create("sub", "X-User-Id"), KeyValuePair.Create("realm_access.roles", "X-Roles")]))
            .Map("anna", ClaimReader.Read(Encoding.UTF8.GetBytes(claims))!, 7);

    private static string Fields(Identity identity) =>
        string.Join('\n', identity.Forwarded.Select(field => $"{Encoding.ASCII.GetString(field.Name)}: {Encoding.UTF8.GetString(field.Value)}"));
}
