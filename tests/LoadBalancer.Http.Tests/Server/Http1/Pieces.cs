using FsCheck;
using FsCheck.Fluent;

namespace LoadBalancer.Http.Tests.Server.Http1;

/// <summary>Texts that come in pieces.</summary>
internal static class Pieces
{
    /// <summary>Any way to cut a text.</summary>
    public static Arbitrary<string[]> OfText(string text) => Of(text).ToArbitrary();

    /// <summary>Any way to cut a text: into few pieces, many, or bytes.</summary>
    public static Gen<string[]> Of(string text) =>
        Gen.OneOf(
            Gen.Constant(text.Select(letter => letter.ToString()).ToArray()),
            Gen.Choose(0, text.Length).ArrayOf().Select(cuts => Cut(text, cuts)));

    private static string[] Cut(string text, int[] cuts)
    {
        var ends = cuts.Append(text.Length).Distinct().Order().ToArray();
        return [.. ends.Select((end, at) => text[(at == 0 ? 0 : ends[at - 1])..end])];
    }
}
