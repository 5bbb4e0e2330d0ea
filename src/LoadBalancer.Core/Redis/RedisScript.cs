using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace LoadBalancer.Redis;

/// <summary>
/// A script that a server runs as one step: asked for by its digest, and sent whole where the server does not know it (any more). Immutable.
/// </summary>
internal sealed class RedisScript
{
    private readonly byte[] _byDigest;
    private readonly byte[] _whole;

    /// <summary>A script.</summary>
    /// <param name="keys">How many keys it has: the first of its arguments. In a cluster they are all of one slot.</param>
    /// <param name="text">Its text, in Lua.</param>
    public RedisScript(int keys, string text)
    {
        Text = text;
#pragma warning disable CA5350 // The server names scripts by their SHA-1; nothing is protected by it.
        var digest = Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(text)));
#pragma warning restore CA5350
        _byDigest = Head("EVALSHA", digest, keys);
        _whole = Head("EVAL", text, keys);
    }

    /// <summary>Its text.</summary>
    public string Text { get; }

    /// <summary>The words before its first key, by digest: the same in every command.</summary>
    public ReadOnlySpan<byte> ByDigest => _byDigest;

    /// <summary>The same with its text, after which the server knows it.</summary>
    public ReadOnlySpan<byte> Whole => _whole;

    /// <summary>How many words <see cref="ByDigest"/> and <see cref="Whole"/> are.</summary>
    public const int HeadWords = 3;

    private static byte[] Head(string command, string script, int keys)
    {
        var count = keys.ToString(CultureInfo.InvariantCulture);
        return Encoding.UTF8.GetBytes($"${command.Length}\r\n{command}\r\n${Encoding.UTF8.GetByteCount(script)}\r\n{script}\r\n${count.Length}\r\n{count}\r\n");
    }
}
