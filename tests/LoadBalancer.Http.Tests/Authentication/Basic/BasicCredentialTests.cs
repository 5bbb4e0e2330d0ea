using System.Text;
using LoadBalancer.Http.Authentication.Basic;

namespace LoadBalancer.Http.Tests.Authentication.Basic;

/// <summary>RFC 7617 section 2.</summary>
internal sealed class BasicCredentialTests
{
    [TestCase("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame")]
    [TestCase("bASIC   dGVzdDoxMjPCow==", "test", "123£")]
    [TestCase("Basic YTpiOmM=", "a", "b:c")]
    [TestCase("Basic YTo=", "a", "")]
    [TestCase("Basic OnB3", "", "pw")]
    public void The_user_ends_at_the_first_colon(string field, string user, string password)
    {
        var bytes = Encoding.ASCII.GetBytes(field);
        Assert.That(BasicCredential.Is(bytes), Is.True);
        Assert.That(BasicCredential.Read(BasicCredential.Of(bytes), out var name, out var secret), Is.Null);
        Assert.That((name, Encoding.UTF8.GetString(secret)), Is.EqualTo((user, password + "\0")));
    }

    [TestCase("a", "no_colon")]
    [TestCase("a:b\0c", "control_character")]
    [TestCase("a\u007f:b", "control_character")]
    [TestCase("a:b\n", "control_character")]
    [TestCase("", "no_colon")]
    public void What_no_credential_may_hold_is_refused(string text, string why) => Assert.That(Read(Encoding.UTF8.GetBytes(text)), Is.EqualTo(why));

    [Test]
    public void What_is_no_text_is_refused()
    {
        Assert.That(Read([.. "a:"u8, 0xff]), Is.EqualTo("not_utf8"));
        Assert.That(Read([.. "a:"u8, 0xc0, 0x80]), Is.EqualTo("not_utf8"), "a NUL in two bytes");
        foreach (var text in new[] { "=", "YTpi!", "YTpi YTpi", "YTo", "YTpiYw", "Y", "%%%%" })
        {
            Assert.That(BasicCredential.Read(Encoding.ASCII.GetBytes(text), out _, out _), Is.EqualTo("not_base64"), text);
        }
    }

    [Test]
    public void User_and_password_are_bounded_and_what_is_allowed_fits()
    {
        Assert.That(Read(Bytes(PasswordFile.MostUserBytes, LibCrypt.MostPasswordBytes)), Is.Null);
        Assert.That(Read(Bytes(PasswordFile.MostUserBytes + 1, 1)), Is.EqualTo("too_long"));
        Assert.That(Read(Bytes(1, LibCrypt.MostPasswordBytes + 1)), Is.EqualTo("too_long"));
    }

    [TestCase("Basic", true)]
    [TestCase("Basic ", true)]
    [TestCase("BASIC x", true)]
    [TestCase("Basically x", false)]
    [TestCase("Bearer x", false)]
    [TestCase("", false)]
    public void Another_scheme_is_none(string field, bool isBasic) => Assert.That(BasicCredential.Is(Encoding.ASCII.GetBytes(field)), Is.EqualTo(isBasic));

    private static byte[] Bytes(int user, int password) => Encoding.ASCII.GetBytes($"{new string('u', user)}:{new string('p', password)}");

    private static string? Read(byte[] text)
    {
        var credential = Encoding.ASCII.GetBytes(Convert.ToBase64String(text));
        Assert.That(credential, Has.Length.LessThanOrEqualTo(BasicCredential.MostBytes));
        return BasicCredential.Read(credential, out _, out _);
    }
}
