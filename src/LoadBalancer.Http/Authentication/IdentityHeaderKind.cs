using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Values;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Authentication;

/// <summary>
/// The name of a header field that tells endpoints of an identity. It is taken from every request, so it cannot be one that lb itself goes by
/// or that clients need.
/// </summary>
internal sealed class IdentityHeaderKind : ScalarKind<string>
{
    private const int Longest = 256;

    /// <summary>The kind of every provider's <c>forward</c>: names of header fields by claims.</summary>
    public static Kind<ValueMap<string>> ByClaim { get; } =
        new TextMapKind<string>(new MapKey("the name of a claim", "sub", @"[^\x00-\x1f]{1,256}"), new IdentityHeaderKind()).Or("none", ValueMap<string>.Empty);

    /// <inheritdoc/>
    public override string Noun => "the name of a header field that is not one of lb's own";

    /// <inheritdoc/>
    public override string Example => "X-User-Id";

    /// <inheritdoc/>
    protected override string Pattern => Kinds.TokenPattern;

    /// <inheritdoc/>
    public override bool TryParse(string text, out string value)
    {
        value = text;
        if (text.Length > Longest || !Ascii.IsValid(text))
        {
            return false;
        }

        // X_Real_IP is X-Real-IP to many who read it.
        var name = Encoding.ASCII.GetBytes(text.Replace('_', '-'));
        return FieldText.IsToken(Encoding.ASCII.GetBytes(text)) && KnownHeaders.Find(name) == KnownHeader.Other;
    }

    /// <inheritdoc/>
    public override string? Print(string value) => value;
}
