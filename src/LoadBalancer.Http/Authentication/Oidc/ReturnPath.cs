namespace LoadBalancer.Http.Authentication.Oidc;

/// <summary>Where a browser goes after a login: to a path of the host that it came from, and nowhere else, whoever asks for what.</summary>
internal static class ReturnPath
{
    private const int Longest = 1024;

    /// <summary>
    /// The path, with its query, if it is one; else <c>/</c>. Browsers take two slashes, a slash and a backslash, and either with a control in between, for the
    /// beginning of a host: so a path has one slash at its start, and no backslash, control or letter beyond ASCII anywhere.
    /// </summary>
    public static string Of(string text) =>
        text.Length is > 0 and <= Longest && text[0] == '/' && (text.Length == 1 || text[1] != '/') && text.All(letter => letter is > ' ' and <= '~' and not '\\')
            ? text
            : "/";
}
