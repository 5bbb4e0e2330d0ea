using System.Diagnostics;
using System.Globalization;

namespace LoadBalancer.Peers.Measuring;

/// <summary>
/// The files in which a contender logs requests. Their lines are counted, so that nobody wins by leaving some out; then their blocks
/// are given back to the disk, which works under a writer that appends as well as under one that keeps its own position.
/// </summary>
internal sealed class RequestLog(string folder, TimeProvider time)
{
    /// <summary>The start of the name of every file.</summary>
    public const string Prefix = "access";

    private readonly Dictionary<string, long> _counted = [];

    /// <summary>Longer than a second, at which loggers that collect lines are told to write.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>The lines since the last call, read again until there are as many as expected or <see cref="Patience"/> is over.</summary>
    public async Task<long> CountAsync(long expected, CancellationToken stop)
    {
        var started = time.GetTimestamp();
        long lines = 0;
        do
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), time, stop);
            lines += CountNew();
        }
        while (lines < expected && time.GetElapsedTime(started) < Patience);

        foreach (var (file, length) in _counted)
        {
            await GiveBackAsync(file, length, stop);
        }

        return lines;
    }

    private static async Task GiveBackAsync(string file, long length, CancellationToken stop)
    {
        if (length == 0)
        {
            return;
        }

        using var process = Process.Start(new ProcessStartInfo(
            "fallocate", ["--punch-hole", "--offset", "0", "--length", length.ToString(CultureInfo.InvariantCulture), file])
        { RedirectStandardError = true })!;
        await process.WaitForExitAsync(stop);
    }

    private long CountNew()
    {
        long lines = 0;
        var buffer = new byte[1 << 16];
        foreach (var file in Directory.EnumerateFiles(folder, $"{Prefix}*"))
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            stream.Position = _counted.GetValueOrDefault(file);
            for (int n; (n = stream.Read(buffer)) > 0;)
            {
                lines += buffer.AsSpan(0, n).Count((byte)'\n');
            }

            _counted[file] = stream.Position;
        }

        return lines;
    }
}
