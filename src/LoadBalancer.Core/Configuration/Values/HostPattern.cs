using System.Text.RegularExpressions;

namespace LoadBalancer.Configuration.Values;

/// <summary>A host in the file: a name of letters, digits, '-' and '_', or <c>*.</c> before one, which stands for one or more labels.</summary>
internal static class HostPattern
{
    /// <summary>A regular expression of hosts; their length, and that none is an IP address, is not in it.</summary>
    internal const string Pattern = @"(\*\.)?([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?";

    /// <summary>RFC 1035, section 2.3.4, without the dot of the root.</summary>
    private const int MaxLength = 253;

    private static readonly Regex Form = new($@"\A{Pattern}\z", RegexOptions.NonBacktracking);

    /// <summary>Whether <paramref name="text"/> is a host or a wildcard.</summary>
    internal static bool IsValid(string text) =>
        text.Length <= MaxLength && Form.IsMatch(text) && !text[(text.LastIndexOf('.') + 1)..].All(char.IsAsciiDigit);

    /// <summary>What to write instead; null where there is no advice.</summary>
    internal static string? Advice(string text) =>
        text == "*" ? "for every other name there is 'otherwise'"
        : AddressText.TryParseIp(text.Trim('[', ']'), out _) ? "clients do not ask for an IP address"
        : text.EndsWith('.') && IsValid(text[..^1]) ? $"write \"{text[..^1]}\""
        : text.Contains('*', StringComparison.Ordinal) ? "'*' may only be the whole first label, as in \"*.example.org\""
        : text.Any(letter => letter > 127) ? "write its ASCII form, which begins with xn--"
        : null;
}
