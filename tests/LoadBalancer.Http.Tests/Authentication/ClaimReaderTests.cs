using System.Text;
using LoadBalancer.Http.Authentication;

namespace LoadBalancer.Http.Tests.Authentication;

internal sealed class ClaimReaderTests
{
    [Test]
    public void Every_claim_is_a_list_of_texts()
    {
        var claims = Read("""{"sub":"anna","admin":true,"n":1.50,"roles":["a","b"],"none":[],"nothing":null,"realm_access":{"roles":["x"],"deep":{"er":"y"}}}""");

        Assert.That(claims, Is.EqualTo("admin=true n=1.50 none= realm_access.deep.er=y realm_access.roles=x roles=a,b sub=anna"));
    }

    [Test]
    public void Objects_in_a_list_give_their_members_one_by_one() =>
        Assert.That(Read("""{"groups":[{"id":1,"tags":["p","q"]},{"id":2,"tags":["r"]}],"rows":[[1,2],[3]]}"""), Is.EqualTo("groups= groups.id=1,2 groups.tags=p,q,r rows=1,2,3"));

    [Test]
    public void Dots_in_names_do_no_harm_where_there_is_one_way_to_read_them() =>
        Assert.That(Read("""{"a.b":[{"c.d":1},{"c.d":2}],"https://a.test/roles":["r"],"a":{"c":3}}"""), Is.EqualTo("a.b= a.b.c.d=1,2 a.c=3 https://a.test/roles=r"));

    [Test]
    public void Escapes_are_undone() => Assert.That(Read("""{"\u0073ub":"a\u0022\\\u00e4\ud83d\ude00"}"""), Is.EqualTo("sub=a\"\\ä😀"));

    [TestCase("""{"sub":"a","sub":"b"}""")]
    [TestCase("""{"sub":"a","\u0073ub":"b"}""")]
    [TestCase("""{"o":{"x":1,"x":2}}""")]
    [TestCase("""{"o":[{"x":1,"x":2}]}""")]
    [TestCase("""{"o":{"x":1},"o.x":2}""")]
    [TestCase("""{"o.x":2,"o":{"x":1}}""")]
    [TestCase("""{"o.x":2,"o":[{"x":1}]}""")]
    [TestCase("""{"o":[{"x":1}],"o.x":2}""")]
    [TestCase("""{"o.x":[{"y":1}],"o":[{"x":{"y":2}}]}""")]
    [TestCase("""{"o":[{"x":{"y":1},"x.y":2}]}""")]
    [TestCase("""{"o":[{"x.y":1},{"x":{"y":2}}]}""")]
    [TestCase("""{"o":[{"x.y.z":1},{"x.y":{"z":2}}]}""")]
    public void A_name_that_stands_twice_is_refused(string json) => Assert.That(Read(json), Is.Null);

    [Test]
    public void The_same_name_in_different_objects_is_none_twice() => Assert.That(Read("""{"a":{"x":1},"b":{"x":2},"x":3}"""), Is.EqualTo("a.x=1 b.x=2 x=3"));

    [TestCase("")]
    [TestCase("null")]
    [TestCase("[]")]
    [TestCase("\"text\"")]
    [TestCase("{")]
    [TestCase("{}{}")]
    [TestCase("{} x")]
    [TestCase("{\"a\":1,}")]
    [TestCase("{/* no */}")]
    [TestCase("{'a':1}")]
    [TestCase("{\"a\":01}")]
    [TestCase("{\"a\":NaN}")]
    [TestCase("{\"a\":\"\\ud800\"}")]
    [TestCase("{\"a\":\"\t\"}")]
    public void What_is_not_one_object_of_strict_JSON_is_refused(string json) => Assert.That(Read(json), Is.Null);

    [Test]
    public void What_is_no_UTF8_is_refused() => Assert.That(ClaimReader.Read([.. "{\"a\":\""u8, 0xC0, 0xAF, .. "\"}"u8]), Is.Null);

    [Test]
    public void Depth_and_number_are_bounded()
    {
        string Nested(int depth) => string.Concat(Enumerable.Repeat("{\"a\":", depth)) + "1" + new string('}', depth);
        string Members(int count) => "{" + string.Join(',', Enumerable.Range(0, count).Select(at => $"\"m{at}\":{at}")) + "}";

        Assert.That(Read(Nested(ClaimReader.MostDepth)), Is.Not.Null);
        Assert.That(Read(Nested(ClaimReader.MostDepth + 1)), Is.Null);
        Assert.That(Read(Members(ClaimReader.MostMembers)), Is.Not.Null);
        Assert.That(Read(Members(ClaimReader.MostMembers + 1)), Is.Null);
    }

    private static string? Read(string json) =>
        ClaimReader.Read(Encoding.UTF8.GetBytes(json)) is { } claims
            ? string.Join(' ', claims.OrderBy(claim => claim.Key, StringComparer.Ordinal).Select(claim => $"{claim.Key}={string.Join(',', claim.Value)}"))
            : null;
}
