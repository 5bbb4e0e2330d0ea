using System.IO.Compression;
using System.Text.Json;

namespace LoadBalancer.Daemon.Simulating;

/// <summary>An access log in JSON, as it is or packed by gzip: its requests in the order of its lines. Read once; one thread.</summary>
internal sealed class AccessLogFile(string path) : IDisposable
{
    private const int LongestLine = 1 << 20;

    private readonly FileStream _file = new(path, new FileStreamOptions { Options = FileOptions.SequentialScan, Share = FileShare.ReadWrite | FileShare.Delete });

    /// <summary>Its name.</summary>
    public string Path => path;

    /// <summary>How many lines there were so far.</summary>
    public long Lines { get; private set; }

    /// <summary>How many of them were no JSON: cut, say.</summary>
    public long NoJson { get; private set; }

    /// <summary>How many were JSON, and no request: those of connections.</summary>
    public long NoRequests { get; private set; }

    /// <summary>The requests.</summary>
    /// <exception cref="IOException">It cannot be read on.</exception>
    public IEnumerable<LoggedRequest> Read()
    {
        using var content = Unpacked();
        var buffer = new byte[LongestLine];
        var (begin, end) = (0, 0);
        while (true)
        {
            var length = buffer.AsSpan(begin, end - begin).IndexOf((byte)'\n');
            if (length >= 0)
            {
                if (Parse(buffer.AsSpan(begin, length)) is { } request)
                {
                    yield return request;
                }

                begin += length + 1;
                continue;
            }

            // A line that does not fit is none: it is read on in pieces, which are none either.
            buffer.AsSpan(begin, end - begin).CopyTo(buffer);
            (begin, end) = (0, end - begin == buffer.Length ? 0 : end - begin);
            int read;
            try
            {
                read = content.Read(buffer, end, buffer.Length - end);
            }
            catch (InvalidDataException error)
            {
                throw new IOException($"{path} cannot be unpacked: {error.Message}", error);
            }

            if (read == 0)
            {
                if (end > 0 && Parse(buffer.AsSpan(0, end)) is { } last)
                {
                    yield return last;
                }

                yield break;
            }

            end += read;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private Stream Unpacked()
    {
        var isPacked = _file.ReadByte() == 0x1F && _file.ReadByte() == 0x8B;
        _file.Position = 0;
        return isPacked ? new GZipStream(_file, CompressionMode.Decompress) : _file;
    }

    private LoggedRequest? Parse(ReadOnlySpan<byte> line)
    {
        if (line.Trim(" \r"u8).IsEmpty)
        {
            return null;
        }

        Lines++;
        try
        {
            var request = LoggedRequest.Read(line);
            NoRequests += request is null ? 1 : 0;
            return request;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // The second is a text that is no UTF-8.
            NoJson++;
            return null;
        }
    }
}
