using System.ComponentModel;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Daemon.Cli;

/// <summary>
/// A file that is about to be replaced as a whole, so that whoever reads it finds the old one or the new one: by a file beside it, which also
/// keeps a second program from doing the same at the same time. Owner and mode stay. Not thread-safe.
/// </summary>
internal sealed class ReplacedFile : IDisposable
{
    private const UnixFileMode FirstMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;

    private readonly string _next;
    private readonly FileStream _file;
    private bool _isDone;

    /// <summary>Begins; nothing has changed yet.</summary>
    /// <param name="path">The file, or a link to it; it may be missing.</param>
    /// <exception cref="IOException">It cannot be written, or somebody else is about to.</exception>
    public ReplacedFile(string path)
    {
        try
        {
            // A link stays one.
            Path = new FileInfo(path).LinkTarget is null ? System.IO.Path.GetFullPath(path) : File.ResolveLinkTarget(path, returnFinalTarget: true)!.FullName;
            _next = Path + ".new";
            _file = new FileStream(_next, Options(File.Exists(Path) && !OperatingSystem.IsWindows() ? File.GetUnixFileMode(Path) : FirstMode));
        }
        catch (UnauthorizedAccessException error)
        {
            throw new IOException(error.Message, error);
        }
        catch (IOException) when (File.Exists(Path + ".new"))
        {
            throw new IOException($"{Path}.new is there: another lb is changing {path}, or one was killed while it did; if none is, remove it");
        }
    }

    /// <summary>The file itself.</summary>
    public string Path { get; } = "";

    /// <summary>Puts <paramref name="content"/> in the file's place; when this returns, it is on the disk.</summary>
    /// <exception cref="IOException">It cannot be; the file is as it was.</exception>
    public void Replace(ReadOnlySpan<byte> content)
    {
        try
        {
            _file.Write(content);
            _file.Flush(flushToDisk: true);

            // Root's file would be one that lb may not read.
            if (!FileOwner.TryCopy(Path, _next))
            {
                throw new IOException($"{Path} is another user's or group's, and the new file would not be: {new Win32Exception((int)Libc.LastErrno).Message}; do this as its owner or as root");
            }

            if (!OperatingSystem.IsWindows() && File.Exists(Path))
            {
                // The umask may have taken some of it away, and so does a change of the owner.
                File.SetUnixFileMode(_file.SafeFileHandle, File.GetUnixFileMode(Path));
            }

            File.Move(_next, Path, overwrite: true);
            _isDone = true;
        }
        catch (UnauthorizedAccessException error)
        {
            throw new IOException(error.Message, error);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            _file.Dispose();
        }
        finally
        {
            if (!_isDone)
            {
                File.Delete(_next);
            }
        }
    }

    private static FileStreamOptions Options(UnixFileMode mode)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.Read, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = mode;
        }

        return options;
    }
}
