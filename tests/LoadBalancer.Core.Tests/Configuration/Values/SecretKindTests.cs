using LoadBalancer.Configuration;

namespace LoadBalancer.Tests.Configuration.Values;

internal sealed class SecretKindTests
{
    private const string Text = "correct-horse-battery-staple";

    [Test]
    public void A_secret_is_what_the_reference_stands_for()
    {
        var (secret, errors) = Read("${file:token}", Text);
        Assert.That(errors, Is.Empty);
        Assert.That(secret!.Reveal(), Is.EqualTo(Text));
        Assert.That(secret.Matches(Text) && !secret.Matches(Text + "x") && !secret.Matches(""));
        Assert.That(secret, Is.EqualTo(new Secret(Text)).And.Not.EqualTo(new Secret(Text + "x")));
    }

    [Test]
    public void Nothing_prints_it()
    {
        var (secret, _) = Read("${file:token}", Text);
        Assert.That($"{secret} {Kinds.Secret.Print(secret!)} {Kinds.Secret.ToJson(secret!)}", Does.Not.Contain("horse"));
    }

    [Test]
    public void One_that_stands_in_the_file_is_refused_and_not_quoted()
    {
        var (secret, errors) = Read(Text, Text);
        Assert.That(secret, Is.Null);
        Assert.That(errors.Single(), Does.Contain("write a reference").And.Not.Contain("horse"));
    }

    [TestCase("short")]
    [TestCase("with a blank in the middle of it")]
    [TestCase("with-an-ümlaut-in-the-middle")]
    public void What_is_no_secret_is_refused_and_not_quoted(string text)
    {
        var (secret, errors) = Read("${file:token}", text);
        Assert.That(secret, Is.Null);
        Assert.That(errors.Single(), Does.Contain("'${file:token}'").And.Contain("openssl rand").And.Not.Contain(text));
    }

    private static (Secret? Secret, string[] Errors) Read(string written, string text)
    {
        var reader = new ConfigReader((_, _) => new ScalarText(text));
        var secret = Kinds.Secret.OrNull("none").Read(new ScalarNode(new SourceSpan("lb.yaml", 1, 1), "token", written), null, reader);
        return (secret, [.. reader.Errors.Select(error => error.ToString())]);
    }
}
