namespace LoadBalancer.Daemon.Tests.Repository;

/// <summary>The scanner that the repository's rules read C# with.</summary>
public sealed class CSharpTextTests
{
    [TestCase("a // lock (x)", "a")]
    [TestCase("a /* lock (x) */ b", "a b")]
    [TestCase("a(\"lock (x)\") b", "a( ) b")]
    [TestCase("a(\"\") b", "a( ) b")]
    [TestCase("a(\"say \\\"lock\\\" \") b", "a( ) b")]
    [TestCase("a(@\"c:\\\") b", "a( ) b")]
    [TestCase("a(@\"say \"\"lock\"\" \") b", "a( ) b")]
    [TestCase("a(@\"\") b", "a( ) b")]
    [TestCase("a(\"\"\"lock \"x\" { \"\"\") b", "a( ) b")]
    [TestCase("a($\"{count} of {{lock}}\") b", "a( count ) b")]
    [TestCase("a($\"{{{count}}}\") b", "a( count ) b")]
    [TestCase("a($\"{f(\"lock }\")} lock\") b", "a( f( ) ) b")]
    [TestCase("a($\"{new { x }} lock\") b", "a( new { x } ) b")]
    [TestCase("a($$\"\"\"{lock} {{count}} \"\"\") b", "a( count ) b")]
    [TestCase("a('\"') b('\\'') c", "a( ) b( ) c")]
    [TestCase("a(@event) b", "a(@event) b")]
    public void Blanks_comments_and_literals_and_keeps_code(string text, string code) =>
        Assert.That(string.Join(' ', CSharpText.CodeOf(text).Split(' ', StringSplitOptions.RemoveEmptyEntries)), Is.EqualTo(code));

    [Test]
    public void Keeps_every_place()
    {
        const string text = "var a = \"x\"; // one\n/* two\nthree */ var b = 'c';\n";
        var code = CSharpText.CodeOf(text);

        Assert.That(code, Has.Length.EqualTo(text.Length));
        Assert.That(code.Split('\n'), Has.Length.EqualTo(text.Split('\n').Length));
        Assert.That(code.IndexOf("var b", StringComparison.Ordinal), Is.EqualTo(text.IndexOf("var b", StringComparison.Ordinal)));
    }

    [TestCase("\"never closed")]
    [TestCase("$\"{never closed")]
    [TestCase("/* never closed")]
    [TestCase("'")]
    [TestCase("$@")]
    [TestCase("\"\"\"never closed\"")]
    public void Ends_where_the_text_does(string text) => Assert.That(CSharpText.CodeOf(text), Has.Length.EqualTo(text.Length));
}
