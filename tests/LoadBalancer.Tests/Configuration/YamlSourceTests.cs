using System.Diagnostics;
using System.Text;
using LoadBalancer.Daemon.Configuration;

namespace LoadBalancer.Daemon.Tests.Configuration;

internal sealed class YamlSourceTests
{
    private static readonly TimeSpan Quickly = TimeSpan.FromSeconds(20);

    [TestCase("bind: *:80", "lb.yaml:1:7: aliases (*name) are no part of the language; put a value that starts with '*' in quotes")]
    [TestCase("host: [*.example.com]", "lb.yaml:1:8: aliases (*name) are no part of the language; put a value that starts with '*' in quotes")]
    [TestCase("bind: [::]:80", "lb.yaml:1:12: not valid YAML: while parsing a block mapping, did not find expected key; put a value that starts with '[' in quotes: \"[::]:80\"")]
    [TestCase("bind: [[::1]:80]", "lb.yaml:1:8: a key is a word, not a list or a map; put a value that starts with '[' in quotes: \"[::]:80\"")]
    [TestCase("a: {path: /x/{id}}", "lb.yaml:1:14: not valid YAML: while parsing a flow mapping, did not find expected ',' or '}'; inside {…} or […] put a value that holds '{' in quotes: \"${env:NAME}\"")]
    [TestCase("a: [${env:X}]", "lb.yaml:1:6: not valid YAML: while parsing a flow sequence, did not find expected ',' or ']'; inside {…} or […] put a value that holds '{' in quotes: \"${env:NAME}\"")]
    [TestCase("a: b: c", "lb.yaml:1:5: not valid YAML: while scanning a plain scalar value, found invalid mapping; put a value that holds ': ' in quotes, and indent all keys of a map alike")]
    [TestCase("a: 1\n b: 2", "lb.yaml:2:3: not valid YAML: while scanning a plain scalar value, found invalid mapping; put a value that holds ': ' in quotes, and indent all keys of a map alike")]
    [TestCase("a:\n\tb: c", "lb.yaml:1:1: not valid YAML: while scanning a mapping, found invalid tab as indentation; indent with spaces")]
    [TestCase("a: \"x", "lb.yaml:1:4: not valid YAML: while scanning a quoted scalar, found unexpected end of stream; the quote that opens here is not closed")]
    [TestCase("a: \"\\d\"", "lb.yaml:1:4: not valid YAML: while scanning a quoted scalar, found unknown escape character; in single quotes a backslash is an ordinary character")]
    [TestCase("a: @x", "lb.yaml:1:4: not valid YAML: while scanning for the next token, found character that cannot start any token; put a value that starts with '@' in quotes")]
    [TestCase("a: {b: 1", "lb.yaml:2:1: not valid YAML: while parsing a flow mapping, did not find expected ',' or '}'; the '{' at 1:4 is not closed before that")]
    [TestCase("a: [1, 2\nb: 3\n", "lb.yaml:1:4: not valid YAML: this '[' is not closed")]
    [TestCase("a: &x 1", "lb.yaml:1:4: anchors (&name) are no part of the language; put a value that starts with '&' in quotes")]
    [TestCase("a: !!str 1", "lb.yaml:1:4: tags (!name) are no part of the language; put a value that starts with '!' in quotes")]
    [TestCase("&x a: 1", "lb.yaml:1:1: anchors (&name) are no part of the language; put a value that starts with '&' in quotes")]
    [TestCase("<<: {a: 1}", "lb.yaml:1:1: merge keys (<<) are no part of the language")]
    [TestCase("? {a: 1}\n: b", "lb.yaml:1:3: a key is a word, not a list or a map; inside {…} or […] put a value that holds '{' in quotes: \"${env:NAME}\"")]
    [TestCase(": b", "lb.yaml:1:1: a key is missing before ':'")]
    [TestCase("a: 1\n---\nb: 2\n", "lb.yaml:2:1: a file holds one document: remove the line '---'")]
    [TestCase("a", "lb.yaml:1:1: the file expects a map of keys, such as listeners and upstreams, not 'a'")]
    [TestCase("- a", "lb.yaml:1:1: the file expects a map of keys, such as listeners and upstreams, not a list")]
    [TestCase("a: 1\n\0b: 2", "lb.yaml:2:1: not text: the control character U+0000")]
    [TestCase("a: 1 \u001b[2J", "lb.yaml:1:6: not text: the control character U+001B")]
    public void Reports_one_error_of_syntax_with_its_place_and_what_to_do(string text, string error) => Assert.That(ConfigFolder.ErrorsOf(text), Is.EqualTo(new[] { error }));

    [Test]
    public void Reports_a_key_that_stands_twice_and_reads_on() => Assert.That(
        ConfigFolder.ErrorsOf(GatewayFileTests.Minimal + "log: {level: info, level: debug}\nlog: {}\nreload: {watch: x}"),
        Is.EqualTo(new[]
        {
            "lb.yaml:5:20: the key 'level' stands here a second time; the first is at lb.yaml:5:7",
            "lb.yaml:6:1: the key 'log' stands here a second time; the first is at lb.yaml:5:1",
            "lb.yaml:7:17: 'watch' expects true or false, not 'x'",
        }));

    [Test]
    public void Takes_a_byte_order_mark_and_Windows_line_ends() =>
        Assert.That(ConfigFolder.ErrorsOf("\ufeff" + GatewayFileTests.Minimal.ReplaceLineEndings("\r\n")), Is.Empty);

    [Test]
    public void Reports_bytes_that_are_no_UTF8()
    {
        using var folder = new ConfigFolder();
        File.WriteAllBytes(folder["lb.yaml"], Encoding.Latin1.GetBytes("# café"));

        Assert.That(folder.Errors(), Is.EqualTo(new[] { "lb.yaml: cannot read the file: it is not UTF-8 text: byte 6 is wrong" }));
    }

    [Test]
    public void Reads_64_levels_and_no_more() => Assert.Multiple(() =>
    {
        Assert.That(ConfigFolder.ErrorsOf($"{GatewayFileTests.Minimal}x: {Repeat("[", 63)}{Repeat("]", 63)}").Single(), Does.Contain("unknown key 'x'"));
        Assert.That(ConfigFolder.ErrorsOf($"x: {Repeat("[", 64)}{Repeat("]", 64)}"), Is.EqualTo(new[] { "lb.yaml:1:67: nested deeper than 64 levels" }));
    });

    [TestCase("[", 200_000, "nested deeper than 64 levels")]
    [TestCase("{", 200_000, "a key is a word")]
    [TestCase("{a: ", 200_000, "nested deeper than 64 levels")]
    [TestCase("- ", 2_500_000, "nested deeper than 64 levels")]
    [TestCase("? ", 200_000, "a key is a word")]
    [TestCase("[\n", 200_000, "nested deeper than 64 levels")]
    [TestCase("[a,", 1_600_000, "nested deeper than 64 levels")]
    [TestCase("-\n", 2_500_000, "more than 200000 values in one file")]
    [TestCase("a", 5_000_000, "the file expects a map of keys")]
    [TestCase("a ", 2_500_000, "the file expects a map of keys")]
    [TestCase("a\n", 2_500_000, "the file expects a map of keys")]
    [TestCase("'", 4_999_999, "not valid YAML")]
    [TestCase("---\n", 1_250_000, "a file holds one document")]
    [TestCase("...\n", 1_250_000, "not valid YAML")]
    [TestCase("!", 5_000_000, "tags (!name)")]
    [TestCase("&a ", 1_600_000, "not valid YAML")]
    [TestCase("%a\n", 1_600_000, "there is no listener")]
    [TestCase("\n", 5_000_000, "there is no listener")]
    [TestCase("#\n", 2_500_000, "there is no listener")]
    [TestCase("a", 5_000_001, "it is larger than 5000000 bytes")]
    public void Refuses_garbage_of_five_megabytes_quickly(string unit, int count, string error)
    {
        var clock = Stopwatch.StartNew();

        var errors = ConfigFolder.ErrorsOf(Repeat(unit, count));

        Assert.Multiple(() =>
        {
            Assert.That(errors.Single(), Does.Contain(error));
            Assert.That(clock.Elapsed, Is.LessThan(Quickly));
        });
    }

    [Test]
    public void Refuses_an_alias_bomb_at_its_first_anchor()
    {
        var bomb = new StringBuilder("a: &a [x, x]\n");
        for (var letter = 'b'; letter <= 'z'; letter++)
        {
            bomb.Append(System.Globalization.CultureInfo.InvariantCulture, $"{letter}: &{letter} [*{(char)(letter - 1)}, *{(char)(letter - 1)}]\n");
        }

        Assert.That(ConfigFolder.ErrorsOf(bomb.ToString()).Single(), Does.StartWith("lb.yaml:1:4: anchors (&name) are no part of the language"));
    }

    [Test]
    public void Counts_the_values_of_a_file()
    {
        var keys = string.Concat(Enumerable.Range(0, 100_001).Select(index => $"k{index}: 1\n"));

        Assert.That(ConfigFolder.ErrorsOf(keys), Is.EqualTo(new[] { $"lb.yaml:100000:9: more than {YamlBounds.Values} values in one file" }));
    }

    [Test]
    public void Stops_listing_errors_after_a_hundred()
    {
        var keys = string.Concat(Enumerable.Range(0, 5000).Select(index => $"k{index}: 1\n"));

        var errors = ConfigFolder.ErrorsOf(GatewayFileTests.Minimal + keys);

        Assert.Multiple(() =>
        {
            Assert.That(errors, Has.Length.EqualTo(101));
            Assert.That(errors[^1], Is.EqualTo("lb.yaml: 4900 more errors are not shown"));
        });
    }

    private static string Repeat(string unit, int count) => new StringBuilder(unit.Length * count).Insert(0, unit, count).ToString();
}
