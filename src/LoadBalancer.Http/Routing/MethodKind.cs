using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Routing;

/// <summary>The kind of an item of a route's <c>methods</c>.</summary>
internal sealed class MethodKind : ScalarKind<string>
{
    private const int MostLength = 32;

    /// <inheritdoc/>
    public override string Noun => "a method";

    /// <inheritdoc/>
    public override string Example => "POST";

    /// <inheritdoc/>
    protected override string Pattern => "[A-Z][A-Z0-9_-]{0,31}";

    /// <inheritdoc/>
    public override bool TryParse(string text, out string value)
    {
        value = text;
        return text.Length is > 0 and <= MostLength && char.IsAsciiLetterUpper(text[0])
            && text.All(letter => char.IsAsciiLetterUpper(letter) || char.IsAsciiDigit(letter) || letter is '_' or '-') && text != "CONNECT";
    }

    /// <inheritdoc/>
    public override string? Print(string value) => value;

    /// <inheritdoc/>
    public override string? Advice(string text) => text.ToUpperInvariant() switch
    {
        "CONNECT" => "tunnels are not opened, so no route is ever asked for one",
        "ALL" or "ANY" or "*" => "leave 'methods' out: the route is for all of them then",
        var upper when upper != text && TryParse(upper, out _) => $"write {upper}: methods are told apart by case",
        _ => null,
    };
}
