using System.Diagnostics;
using System.Text;
using LoadBalancer.Daemon.Cli;

namespace LoadBalancer.Daemon.Tests.Configuration;

/// <summary>
/// Files of up to five megabytes that are made to hurt: <c>lb check</c> says where and why in a few lines, exits with 1,
/// and is done soon. What a syntax error says is in <see cref="YamlSourceTests"/>.
/// </summary>
internal sealed class HostileFileTests
{
    /// <summary>A tenth of it is much already; anything that grows with the square of a file takes hours.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    private const int Bytes = 4_999_000;

    private static IEnumerable<TestCaseData> Files
    {
        get
        {
            yield return File("brackets", ":1:65: nested deeper than 64 levels", Repeat("[", 200_000));
            yield return File("brackets below a key", ":1:70: nested deeper than 64 levels", "bind: " + Repeat("[", 200_000));
            yield return File("maps, each deeper than the last", ":65:65: nested deeper than 64 levels", string.Concat(Enumerable.Range(0, 3000).Select(depth => $"{new string(' ', depth)}a:\n")));
            yield return File("aliases of aliases", ":1:4: anchors", Bomb());
            yield return File("aliases", ":1:5: aliases", string.Concat(Enumerable.Range(0, 200_000).Select(index => $"k{index}: *a\n")));
            yield return File("a key a hundred thousand times", ":2:1: the key 'a' stands here a second time", Repeat("a: 1\n", 99_999));
            yield return File("a key a hundred thousand times in one list of keys", ":1:8: the key 'a' stands here a second time", "x: {a, " + Repeat("a, ", 99_990) + "}");
            yield return File("as many keys as fit", ": more than 200000 values in one file", string.Concat(Enumerable.Range(0, 400_000).Select(index => $"k{index}: 1\n")));
            yield return File("one word", ":2:11: 'level' expects", "log:\n  {level: " + Repeat("x", Bytes) + "}");
            yield return File("one word in quotes", ":1:14: 'level' expects", "log: {level: \"" + Repeat("x", Bytes) + "\"}");
            yield return File("one word of escapes", ":1:14: 'level' expects", "log: {level: \"" + Repeat("\\x41", Bytes / 4) + "\"}");
            yield return File("one word over many lines", ":2:10: 'level' expects", "log:\n  level: x" + Repeat("\n   x", Bytes / 5));
            yield return File("one block", ":2:10: 'level' expects", "log:\n  level: |" + Repeat("\n    x", Bytes / 6));
            yield return File("one folded block", ":2:10: 'level' expects", "log:\n  level: >" + Repeat("\n    x", Bytes / 6));
            yield return File("one key", ":1:4999001: not valid YAML", Repeat("k", Bytes) + ": 1");
            yield return File("one reference", ":1:14: ", "log: {level: \"${env:" + Repeat("X", Bytes) + "}\"}");
            yield return File("references", ":1:14: ", "log: {level: \"" + Repeat("${env:X}", Bytes / 8) + "\"}");
            yield return File("opened references", ":1:14: ", "log: {level: \"" + Repeat("${env:", Bytes / 6) + "\"}");
            yield return File("keys that are nearly right", "more errors are not shown", Repeat("listenerz: {}\n", 1) + string.Concat(Enumerable.Range(0, 20_000).Select(index => $"listener{index}: 1\n")));
            yield return File("listeners that lead nowhere", "more errors are not shown", "upstreams:\n" + string.Concat(Enumerable.Range(0, 20_000).Select(index => $" u{index}: {{endpoints: \"10.0.0.1:1\"}}\n"))
                + "listeners:\n" + string.Concat(Enumerable.Range(0, 15_000).Select(index => $" l{index}: {{bind: \":{1 + index}\", tcp: v{index}}}\n")));
            yield return File("endpoints", ":1:", "upstreams: {a: {endpoints: [" + Repeat("x,", 190_000) + "]}}");
            yield return File("as many addresses as fit, on both sides", "is the listener 'a' itself", "listeners: {a: {tcp: u, bind: [" + Addresses(95_000) + "]}}\nupstreams: {u: {endpoints: ["
                + Addresses(95_000).Replace(":80", ":81", StringComparison.Ordinal) + Addresses(1) + "]}}");
            yield return File("as many networks as fit, on both sides", ": no client may connect", "listeners: {a: {tcp: u, bind: \":1\", allow_ips: [" + Addresses(95_000).Replace(":80", "", StringComparison.Ordinal) + "], deny_ips: ["
                + Addresses(95_000).Replace(":80", "", StringComparison.Ordinal) + "]}}\nupstreams: {u: {endpoints: \"192.0.2.1:80\"}}");
            yield return File("NUL", ":1:1: not text: the control character U+0000", Repeat("\0", Bytes));
            yield return File("comments without an end", ": there is no listener", "#" + Repeat(" #", Bytes / 2));
            yield return File("a file that includes itself", "lb.yaml:", "include: [lb.yaml, \"./lb.yaml\", \"*.yaml\"]\n" + Repeat("#\n", 1000));
        }
    }

    [TestCaseSource(nameof(Files))]
    public async Task Are_refused_with_a_place_in_a_few_lines(string place, string text)
    {
        using var folder = new ConfigFolder().With("lb.yaml", text);
        await RefuseAsync(folder, place);
    }

    [Test]
    public async Task Bytes_that_are_no_text_are_refused([Values(0x80, 0xC0, 0xED, 0xFF)] int first)
    {
        using var folder = new ConfigFolder();
        var bytes = new byte[Bytes];
        new Random(first).NextBytes(bytes);
        bytes[0] = (byte)first;
        await System.IO.File.WriteAllBytesAsync(folder["lb.yaml"], bytes);
        await RefuseAsync(folder, "lb.yaml: cannot read the file: it is not UTF-8 text: byte 1 is wrong");
    }

    private static async Task RefuseAsync(ConfigFolder folder, string place)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        var clock = Stopwatch.StartNew();
        var code = await new Shell(new Terminal(output, errors, _ => null)).RunAsync(["check", "-c", folder["lb.yaml"]]);
        Assert.Multiple(() =>
        {
            Assert.That(code, Is.EqualTo(1));
            Assert.That(errors.ToString(), Does.Contain(place).And.Contain("lb.yaml:"));
            Assert.That(errors.ToString(), Has.Length.LessThan(101 * 300), "characters of errors");
            Assert.That(output.ToString(), Is.Empty);
            Assert.That(clock.Elapsed, Is.LessThan(Soon));
        });
    }

    private static TestCaseData File(string name, string place, string text) => new TestCaseData(place, text).SetArgDisplayNames(name);

    private static string Addresses(int count) => string.Concat(Enumerable.Range(0, count).Select(number => $"\"10.{number >> 16}.{(number >> 8) & 255}.{number & 255}:80\","));

    private static string Bomb() =>
        "a: &a [x, x]\n" + string.Concat(Enumerable.Range('b', 25).Select(letter => $"{(char)letter}: &{(char)letter} [*{(char)(letter - 1)}, *{(char)(letter - 1)}]\n"));

    private static string Repeat(string unit, int count) => new StringBuilder(unit.Length * count).Insert(0, unit, count).ToString();
}
