using System.Text;
using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Authentication.Basic;

/// <summary>An htpasswd file: lines of <c>user:hash</c>, what is behind a second colon being a comment; empty lines and those that begin with <c>#</c> mean nothing.</summary>
internal static class PasswordFile
{
    /// <summary>Its greatest length: some 400,000 users.</summary>
    public const int MostBytes = 64_000_000;

    /// <summary>The greatest length of a user's name, in bytes.</summary>
    public const int MostUserBytes = 255;

    private const string Advice = "set the password anew by 'htpasswd -B' or 'mkpasswd -m yescrypt'";

    /// <summary>The hashes by user, each with a NUL behind it; null where a line is no use, which the reader is told.</summary>
    /// <param name="text">The file's text.</param>
    /// <param name="path">The file, for the places.</param>
    /// <param name="reader">Takes the errors. What stands behind a colon is in none of them.</param>
    public static IReadOnlyDictionary<string, byte[]>? Parse(string text, string path, ConfigReader reader)
    {
        var users = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        var lines = new Dictionary<string, int>(StringComparer.Ordinal);
        var number = 0;
        var whole = true;
        foreach (var range in text.AsSpan().Split('\n'))
        {
            number++;
            var line = text.AsSpan(range).Trim(" \t\r");
            if (line.IsEmpty || line[0] == '#')
            {
                continue;
            }

            var fault = Read(line, out var user, out var hash);
            if (fault is null && !lines.TryAdd(user, number))
            {
                fault = FormattableString.Invariant($"the user {ScalarNode.Quote(user)} stands in line {lines[user]} already");
            }

            if (fault is null)
            {
                users.Add(user, hash);
            }
            else
            {
                whole = false;
                reader.Error(new SourceSpan(path, number, 1), fault);
            }
        }

        return whole ? users : null;
    }

    private static string? Read(ReadOnlySpan<char> line, out string user, out byte[] hash)
    {
        (user, hash) = ("", []);
        var colon = line.IndexOf(':');
        if (colon < 0)
        {
            return "a line is USER:HASH, and this one has no colon";
        }

        user = line[..colon].ToString();
        if (user.Length == 0)
        {
            return "a line is USER:HASH, and this one has no user";
        }

        if (Encoding.UTF8.GetByteCount(user) > MostUserBytes || user.Any(char.IsControl))
        {
            return FormattableString.Invariant($"the name of a user has at most {MostUserBytes} bytes and no control characters");
        }

        var rest = line[(colon + 1)..];
        var end = rest.IndexOf(':');
        var text = end < 0 ? rest : rest[..end];
        if (PasswordHash.Fault(text) is { } fault)
        {
            return $"the hash of {ScalarNode.Quote(user)} is {fault}; {Advice}";
        }

        hash = new byte[text.Length + 1];
        Encoding.ASCII.GetBytes(text, hash);
        return null;
    }
}
