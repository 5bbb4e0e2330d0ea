using System.Text;

namespace LoadBalancer.Configuration;

/// <summary>A file that holds UTF-8 text, read whole and with a bound. Whatever is wrong with it is a few words, and no exception.</summary>
internal static class TextFile
{
    private const int FirstBytes = 16 * 1024;

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
            return fault is null ? ReadFile(path, atMost, out fault) : null;
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

    // What is read goes into a buffer that others use again: a file of megabytes would be a collection of garbage in itself. It may hold secrets, so that nothing stays in it.
    private static string? ReadFile(string path, int atMost, out string? fault)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        var bytes = ScratchArrays<byte>.Rent(file.CanSeek ? (int)Math.Min(file.Length, atMost) + 1 : FirstBytes);
        try
        {
            var length = 0;
            while (length <= atMost && file.Read(bytes, length, bytes.Length - length) is > 0 and var count)
            {
                length += count;
                if (length == bytes.Length)
                {
                    var larger = ScratchArrays<byte>.Rent(length * 2);
                    bytes.CopyTo(larger, 0);
                    ScratchArrays<byte>.Return(bytes, isSecret: true);
                    bytes = larger;
                }
            }

            // A file that never ends (a device) is told from one that just fits.
            return Decode(bytes.AsSpan(0, Math.Min(length, atMost + 1)), atMost, out fault);
        }
        finally
        {
            ScratchArrays<byte>.Return(bytes, isSecret: true);
        }
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
