using LoadBalancer.Http.Authentication;

namespace LoadBalancer.Http.Tests.Authentication;

/// <summary>What a client must not say of itself.</summary>
public sealed class IdentityFieldsTests
{
    private readonly IdentityFields _fields = IdentityFields.Of(["X-User-Id", "X-User-Roles"])!;

    [TestCase("X-User-Id", true)]
    [TestCase("x-user-id", true)]
    [TestCase("X_USER_ID", true)]
    [TestCase("X-User_Id", true)]
    [TestCase("X-User-Roles", true)]
    [TestCase("X-User-Ids", false)]
    [TestCase("X-User.Id", false)]
    [TestCase("X-User-I", false)]
    public void Knows_its_fields_in_any_spelling(string name, bool known) =>
        Assert.That(_fields.Has(System.Text.Encoding.ASCII.GetBytes(name)), Is.EqualTo(known));

    [Test]
    public void Removes_every_one_of_them_and_nothing_else()
    {
        var request = Heads.Request("/", "Host: a", "X-User-Id: 1", "Accept: */*", "x_user_roles: admin", "X-User-ID: 2", "X-User: me").Request;
        _fields.Remove(request.Fields);
        var left = Enumerable.Range(0, request.Fields.Count).Where(at => !request.Fields[at].Removed).Select(at => System.Text.Encoding.ASCII.GetString(request.Fields.Name(at)));
        Assert.That(left, Is.EqualTo(new[] { "Host", "Accept", "X-User" }));
    }

    [Test]
    public void Without_names_there_are_none() => Assert.That(IdentityFields.Of([]), Is.Null);
}
