using System.Text;

namespace LoadBalancer.Configuration;

/// <summary>A file that holds UTF-8 text, read whole and with a bound. Whatever is wrong with it is a few words, and no exception.</summary>
internal static class TextFile
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The text of <paramref name="path"/>, or null and why not.</summary>
    /// <param name="path">The file's path; it may be none.</param>
    /// <param name="atMost">Its greatest length in bytes.</param>
    /// <param name="fault">Why there is no text, in a few words; null where there is.</param>
    public static string? Read(string path, int atMost, out string? fault)
    {
        try
        {
            fault = path.Length == 0 ? "the path is empty" : Directory.Exists(path) ? "it is a directory" : null;
            return fault is null ? Decode(ReadBytes(path, atMost), atMost, out fault) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            fault = error switch
            {
                FileNotFoundException or DirectoryNotFoundException => "no such file",
                UnauthorizedAccessException => "permission denied",
                ArgumentException => "it is no path",
                _ => error.Message,
            };
            return null;
        }
    }

    // One byte more than allowed, so that a file that never ends (a device) is told from one that just fits.
    private static ReadOnlySpan<byte> ReadBytes(string path, int atMost)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var bytes = new MemoryStream(file.CanSeek ? (int)Math.Min(file.Length, atMost) + 1 : 0);
        var buffer = new byte[16 * 1024];
        int count;
        while (bytes.Length <= atMost && (count = file.Read(buffer)) > 0)
        {
            bytes.Write(buffer, 0, count);
        }

        return bytes.GetBuffer().AsSpan(0, (int)bytes.Length);
    }

    private static string? Decode(ReadOnlySpan<byte> bytes, int atMost, out string? fault)
    {
        fault = null;
        if (bytes.Length > atMost)
        {
            fault = FormattableString.Invariant($"it is larger than {atMost} bytes");
            return null;
        }

        try
        {
            return StrictUtf8.GetString(bytes.StartsWith(Encoding.UTF8.Preamble) ? bytes[Encoding.UTF8.Preamble.Length..] : bytes);
        }
        catch (DecoderFallbackException error)
        {
            fault = FormattableString.Invariant($"it is not UTF-8 text: byte {error.Index + 1} is wrong");
            return null;
        }
    }
}
