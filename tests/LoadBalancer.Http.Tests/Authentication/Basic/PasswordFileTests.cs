using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Authentication.Basic;
using LoadBalancer.Tests;

namespace LoadBalancer.Http.Tests.Authentication.Basic;

internal sealed class PasswordFileTests
{
    /// <summary>Of the password <c>secret</c>, by htpasswd, openssl and mkpasswd.</summary>
    internal const string Bcrypt = "$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a";

    internal const string Sha512 = "$6$abcdefgh$ltjgWl6579NluT/Vi1nwEvcil.G5Nbc4NiXZaNGStk8PSwGfQv72N2CKPPrVACtLtip/cZ/1GM/O6IND4WQhG.";
    internal const string Sha256 = "$5$abcdefgh$gruCpC7VkOTspMQTTSAR8mtlO9Upms.fwqE5y16JVM.";
    internal const string Yescrypt = "$y$j75$abcdefgh$uMUXG79B2cFpoAYyDccUnsaH/aGTyBYMlnQidzyag01";

    [Test]
    public void Lines_are_users_and_their_hashes()
    {
        var users = PasswordFile.Parse($"# the office\n\nalice:{Bcrypt}\r\nbob:{Sha512}:Bob of accounting\n  # more\n\tcarol:{Sha256}\nd é:{Yescrypt}", "f", new ConfigReader())!;
        Assert.That(users.Select(user => (user.Key, Encoding.ASCII.GetString(user.Value))), Is.EquivalentTo(new[]
        {
            ("alice", Bcrypt + "\0"), ("bob", Sha512 + "\0"), ("carol", Sha256 + "\0"), ("d é", Yescrypt + "\0"),
        }));
    }

    [TestCase("alice", "f:2:1: a line is USER:HASH, and this one has no colon")]
    [TestCase(":x", "f:2:1: a line is USER:HASH, and this one has no user")]
    [TestCase("alice:", "the hash of 'alice' is no hash that lb knows")]
    [TestCase("alice:secret", "the hash of 'alice' is no hash that lb knows: a password in clear, or one by the old DES crypt")]
    [TestCase("alice:$apr1$abcdefgh$abcdefghijklmnopqrstu0", "apr1")]
    [TestCase("alice:$1$abcdefgh$abcdefghijklmnopqrstu0", "MD5")]
    [TestCase("alice:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", "one round of SHA")]
    [TestCase("alice:$argon2id$v=19$m=65536", "of a kind that lb does not verify")]
    [TestCase("alice:!" + Sha512, "locked")]
    [TestCase("alice:" + Bcrypt + "x", "no whole bcrypt hash")]
    [TestCase("alice:$2y$03$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a", "no whole bcrypt hash")]
    [TestCase("alice:$2y$31$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a", "bcrypt of cost 31, which takes seconds")]
    [TestCase("alice:$6$rounds=999999999$abcdefgh$ltjgWl6579NluT/Vi1nwEvcil.G5Nbc4NiXZaNGStk8PSwGfQv72N2CKPPrVACtLtip/cZ/1GM/O6IND4WQhG.", "999999999 rounds")]
    [TestCase("alice:$6$rounds=1$abcdefgh$ltjgWl6579NluT/Vi1nwEvcil.G5Nbc4NiXZaNGStk8PSwGfQv72N2CKPPrVACtLtip/cZ/1GM/O6IND4WQhG.", "a number from 1000")]
    [TestCase("alice:$6$abcdefgh$ltjgWl", "no whole SHA-crypt hash")]
    [TestCase("alice:$5$abcdefghijklmnopq$gruCpC7VkOTspMQTTSAR8mtlO9Upms.fwqE5y16JVM.", "no whole SHA-crypt hash")]
    [TestCase("alice:$y$jzT$abcdefgh$uMUXG79B2cFpoAYyDccUnsaH/aGTyBYMlnQidzyag01", "more than 128 MiB")]
    [TestCase("alice:$y$jF5$abcdefgh$uMUXG79B2cFpoAYyDccUnsaH/aGTyBYMlnQidzyag01x", "no yescrypt hash")]
    [TestCase("alice:$y$", "no yescrypt hash")]
    [TestCase("al\u0001ice:" + Bcrypt, "no control characters")]
    [TestCase("first:" + Bcrypt, "f:2:1: the user 'first' stands in line 1 already")]
    public void A_line_that_is_no_use_is_told_with_its_number_and_never_with_what_is_behind_the_colon(string line, string why)
    {
        var reader = new ConfigReader();
        Assert.That(PasswordFile.Parse($"first:{Bcrypt}\n{line}\n", "f", reader), Is.Null);
        var error = reader.Errors.Single().ToString();
        Assert.That(error, Does.StartWith("f:2:1: ").And.Contains(why));
        var secret = line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..];
        Assert.That(secret.Length > 5 && error.Contains(secret, StringComparison.Ordinal), Is.False);
    }

    [Test]
    public void A_file_that_brings_its_parser_down_is_no_use_and_what_was_read_before_stays()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["f"], "good");
        var file = new CredentialFile<string>(folder["f"], 100, (text, _) => text == "good" ? text : throw new NotSupportedException("of\nno use"), _ => 1, TimeProvider.System);
        File.WriteAllText(folder["f"], "bad");
        Assert.That((file.Refresh(), file.Refresh(), file.Content), Is.EqualTo((true, false, "good")), "told of once");
        Assert.That(file.Refusal, Does.StartWith($"cannot read {folder["f"]}: NotSupportedException: of").And.Not.Contains("\n"));
    }

    [Test]
    public void Two_hundred_thousand_users_are_read_and_the_last_is_known()
    {
        var text = new StringBuilder();
        for (var at = 0; at < 200_000; at++)
        {
            text.Append("user").Append(at).Append(':').Append(Bcrypt).Append('\n');
        }

        var users = PasswordFile.Parse(text.ToString(), "f", new ConfigReader())!;
        Assert.That((users.Count, users.ContainsKey("user199999")), Is.EqualTo((200_000, true)));
    }

    [Test]
    public void Of_a_file_that_is_no_htpasswd_at_all_no_more_than_a_hundred_lines_are_told()
    {
        var reader = new ConfigReader();
        Assert.That(PasswordFile.Parse(string.Concat(Enumerable.Repeat("garbage\n", 10_000)), "f", reader), Is.Null);
        Assert.That(reader.Errors, Has.Count.EqualTo(101));
    }
}
