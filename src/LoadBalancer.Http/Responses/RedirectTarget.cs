using System.Text;
using LoadBalancer.Http.Templates;

namespace LoadBalancer.Http.Responses;

/// <summary>Where a redirect may lead: to a path here, or to a URL whose scheme and host no request can choose.</summary>
internal static class RedirectTarget
{
    private const string What = "a redirect leads to a path that begins with one slash, or to a URL that begins with http:// or https://";

    /// <summary>What is wrong with a template as a target; null where nothing is.</summary>
    /// <param name="to">The template.</param>
    /// <param name="hasHost">True where the route has a host, so that <c>${host}</c> is one that the file names.</param>
    public static string? Check(Template to, bool hasHost)
    {
        var scheme = to.Parts.Length > 0 && to.Parts[0].Variable == TemplateVariable.Scheme;
        var start = true;
        var authority = false;
        var before = new StringBuilder();
        foreach (var part in to.Parts)
        {
            if (part.Variable == TemplateVariable.None)
            {
                var text = Encoding.UTF8.GetString(part.Text);
                if (text.Any(letter => letter is <= ' ' or > '~' or '"' or '<' or '>' or '\\' or '^' or '`' or '{' or '|' or '}'))
                {
                    return "a URL has no spaces, quotes, backslashes, braces or letters beyond ASCII: percent-encode them";
                }

                if (start)
                {
                    before.Append(text);
                    if (!TryStart(before.ToString(), ref start, ref authority, out var rest))
                    {
                        return What;
                    }

                    text = rest;
                }

                authority &= text.IndexOfAny(['/', '?', '#']) < 0;
                continue;
            }

            if (start && !(scheme && before.Length == 0))
            {
                return part.Variable == TemplateVariable.Path && before.Length == 0 ? null : What;
            }

            if (start)
            {
                before.Append("https");
                scheme = false;
                continue;
            }

            if (authority && part.Variable == TemplateVariable.Path)
            {
                authority = false;
            }
            else if (authority && part.Variable != TemplateVariable.Host)
            {
                return "in the host of a redirect only ${host} may stand: anything else would let a request choose the site; begin what follows the host with '/'";
            }
            else if (authority && !hasHost)
            {
                return "${host} in a redirect needs a route with 'host': else any request could choose the site";
            }
        }

        return start ? What : null;
    }

    private static bool TryStart(string text, ref bool start, ref bool authority, out string rest)
    {
        rest = "";
        start = false;
        if (text.StartsWith('/'))
        {
            rest = text;
            return !text.StartsWith("//", StringComparison.Ordinal);
        }

        var length = text.StartsWith("http://", StringComparison.OrdinalIgnoreCase) ? 7 : text.StartsWith("https://", StringComparison.OrdinalIgnoreCase) ? 8 : 0;
        rest = text[length..];
        authority = true;
        return length > 0 && !rest.StartsWith('/') && !rest.StartsWith('?') && !rest.StartsWith('#');
    }
}
