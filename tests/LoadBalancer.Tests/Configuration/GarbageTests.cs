using FsCheck;
using FsCheck.Fluent;

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
