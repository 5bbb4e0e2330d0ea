using System.Text;
using LoadBalancer.Http.Authentication.Basic;

namespace LoadBalancer.Http.Tests.Authentication.Basic;

internal sealed class LibCryptTests
{
    [TestCase(PasswordFileTests.Bcrypt)]
    [TestCase(PasswordFileTests.Sha512)]
    [TestCase(PasswordFileTests.Sha256)]
    [TestCase(PasswordFileTests.Yescrypt)]
    public void A_password_has_its_hash_and_no_other_has(string hash)
    {
        Assert.That(PasswordHash.Fault(hash), Is.Null);
        Assert.Multiple(() =>
        {
            Assert.That(Matches("secret", hash), Is.True);
            Assert.That(Matches("Secret", hash), Is.False);
            Assert.That(Matches("", hash), Is.False);
            Assert.That(Matches(new string('x', LibCrypt.MostPasswordBytes), hash), Is.False);
        });
    }

    [TestCase("$0$")]
    [TestCase("*")]
    [TestCase("")]
    public void What_is_no_hash_is_nobodys(string hash) => Assert.That((Matches("secret", hash), Matches("", hash)), Is.EqualTo((false, false)));

    private static bool Matches(string password, string hash) => LibCrypt.Matches(Encoding.UTF8.GetBytes(password + "\0"), Encoding.ASCII.GetBytes(hash + "\0"));
}
