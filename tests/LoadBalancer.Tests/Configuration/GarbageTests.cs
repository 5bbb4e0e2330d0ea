using System.Text;
using FsCheck;
using FsCheck.Fluent;
using LoadBalancer.Daemon.Tests.Repository;

namespace LoadBalancer.Daemon.Tests.Configuration;

/// <summary>The loader on what nobody would write: it answers with errors, and never throws.</summary>
internal sealed class GarbageTests
{
    private const string Valid = """
        include: []
        defaults: {timeouts: {idle: 5m}}
        listeners:
          web: {bind: [":80", "[::]:80"], tcp: web, timeouts: {connect: 1s}}
        upstreams:
          web:
            balance: "hash"
            endpoints: ["10.0.0.1:80", {address: '10.0.0.2:80', weight: 2}]
            health: {active: {interval: 2s}, passive: off}
        log: {access: "/var/${env:X}"}
        """;

    private static readonly string[] Words =
    [
        "listeners", "upstreams", "web", "bind", "tcp", "endpoints", "include", "defaults", "timeouts", ": ", ":", "\n", "\n  ", "\n    ", "- ", "{", "}", "[", "]", ", ",
        "\"", "'", "*", "&", "!", "|", ">", "#", "%", "@", "?", "${env:X}", "${", "$$", "off", "10.0.0.1:80", ":80", "5s", "0", "\t", "\r", "\0", "---", "...", "<<", "~", "é", "😀", "\"\\0\"", "${file:\\0}",
    ];

    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(1000);

    [Test]
    public void Answers_any_sequence_of_words_of_the_language() =>
        Check(Gen.Elements(Words).ArrayOf().Select(string.Concat));

    [Test]
    public void Answers_any_text() => Check(ArbMap.Default.GeneratorFor<string>().Select(text => text ?? ""));

    [Test]
    public void Answers_a_valid_file_with_any_piece_replaced() =>
        Check(Gen.Choose(0, Valid.Length).SelectMany(at => Gen.Choose(0, 10).SelectMany(length => Gen.Elements(Words).Select(word =>
            string.Concat(Valid.AsSpan(0, at), word, Valid.AsSpan(Math.Min(at + length, Valid.Length)))))));

    [Test]
    public void Answers_the_files_of_this_repository_with_any_bytes_changed()
    {
        var files = WorkTree.Files.Where(file => Path.GetFileName(file) == "lb.yaml").Select(file => Encoding.UTF8.GetBytes(WorkTree.Read(file))).ToArray();
        using var folder = new ConfigFolder();
        var changes = Gen.Choose(0, int.MaxValue).SelectMany(at => Gen.Choose(0, 4).SelectMany(how => Gen.Choose(0, 255).Select(value => (At: at, How: how, Value: (byte)value)))).NonEmptyListOf();
        var mutants = Gen.Elements(files).SelectMany(file => changes.Select(each => each.Aggregate(file, Change)));
        FsCheck.Check.One(Thorough, Prop.ForAll(mutants.ToArbitrary(), bytes =>
        {
            File.WriteAllBytes(folder["lb.yaml"], bytes);
            var result = folder.Load();
            return (result.Options is null) == (result.Errors.Count > 0);
        }));
    }

    // Another byte, one more, one less, a piece twice, a piece gone.
    private static byte[] Change(byte[] bytes, (int At, int How, byte Value) change)
    {
        var at = change.At % (bytes.Length + 1);
        var end = Math.Min(at + change.Value, bytes.Length);
        return change.How switch
        {
            0 => [.. bytes[..at], change.Value, .. bytes[Math.Min(at + 1, bytes.Length)..]],
            1 => [.. bytes[..at], change.Value, .. bytes[at..]],
            2 => [.. bytes[..at], .. bytes[Math.Min(at + 1, bytes.Length)..]],
            3 => [.. bytes[..end], .. bytes[at..]],
            _ => [.. bytes[..at], .. bytes[end..]],
        };
    }

    private static void Check(Gen<string> texts)
    {
        using var folder = new ConfigFolder();
        folder.Environment["X"] = "x";
        FsCheck.Check.One(Thorough, Prop.ForAll(texts.ToArbitrary(), text =>
        {
            var result = folder.With("lb.yaml", text).Load();
            // Where there are options there is no error, and the other way round.
            return (result.Options is null) == (result.Errors.Count > 0);
        }));
    }
}
