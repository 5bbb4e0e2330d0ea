using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LoadBalancer.Telemetry;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Daemon.State;

/// <summary>
/// The folder of what outlives the process, for one process at a time: a lock in it makes a second start an error. Its
/// files are replaced whole, so that a reader, and whoever starts after a crash, finds the old one or the new one.
/// </summary>
/// <remarks>Not thread-safe, but for the process's end: whoever writes is one at a time.</remarks>
internal sealed class StateFolder : IDisposable
{
    private const string LockName = "lock";
    private const string ProcessName = "pid";

    /// <summary>LOCK_EX and LOCK_NB (flock(2)).</summary>
    private const int LockAlone = 2 | 4;

    private const int ReadWrite = 2;
    private const int Create = 0x40;
    private const int OwnerWritesGroupReads = 0x1A0; // 0640

    private const UnixFileMode FolderMode =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute;

    private const UnixFileMode FileBits = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;

    private readonly TimeProvider _time;
    private readonly LogSink _log;

    private StateFolder(string path, int held, TimeProvider time, LogSink log)
    {
        Path = path;
        Lock = held;
        _time = time;
        _log = log;
    }

    /// <summary>Its path.</summary>
    public string Path { get; }

    /// <summary>Takes the folder, which is made where it is missing.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="time">Names what is set aside.</param>
    /// <param name="log">Takes warnings.</param>
    /// <param name="held">Its lock, where the process that this one replaces has handed it over; null takes it.</param>
    /// <exception cref="IOException">It cannot be used, or another process uses it; the message says which.</exception>
    public static StateFolder Open(string path, TimeProvider time, LogSink log, int? held = null)
    {
        try
        {
            if (!Directory.Exists(path))
            {
                MakeFolder(path);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"state.dir: {path} cannot be used: {error.Message}", error);
        }

        // Not by the framework, which takes its lock back when the file is closed: by then it may be another process's.
        var file = held ?? Libc.OpenFile(System.IO.Path.Combine(path, LockName), ReadWrite | Create | SocketConstants.TypeCloseOnExec, OwnerWritesGroupReads);
        if (file < 0)
        {
            throw new IOException($"state.dir: {path} cannot be used: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
        }

        if (Libc.FileLock(file, LockAlone) < 0)
        {
            Libc.Close(file);
            throw new IOException($"state.dir: {path} is in use by another lb{ProcessOf(path)}; each lb needs a folder of its own");
        }

        var folder = new StateFolder(path, file, time, log);
        folder.NoteProcess();
        return folder;
    }

    /// <summary>Its lock, of which the process that replaces this one is given a copy: the folder is free when both have closed it.</summary>
    public int Lock { get; }

    /// <summary>True while another process has read it, to take over: what is written here would be lost.</summary>
    public bool IsHandedOver { get; set; }

    /// <summary>Notes that this process uses it, for whoever wonders: a disk that is full is a warning, and keeps nothing from being served.</summary>
    public void NoteProcess()
    {
        try
        {
            Replace(ProcessName, System.Text.Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}\n")));
        }
        catch (IOException error)
        {
            _log.Warn("the state folder cannot be written: what is to be kept in it is lost with this process", ("folder", Path), ("error", error.Message));
        }
    }

    /// <summary>True where there is such a file.</summary>
    public bool Has(string name) => File.Exists(At(name));

    /// <summary>A file's content; null where there is none or it cannot be read, of which the log hears.</summary>
    public byte[]? Read(string name)
    {
        try
        {
            return File.ReadAllBytes(At(name));
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _log.Warn("a file of the state folder cannot be read, and is taken as empty", ("file", At(name)), ("error", error.Message));
            return null;
        }
    }

    /// <summary>A file's document; null where there is none, or where it is none of this program's: then it is set aside.</summary>
    /// <param name="name">The file.</param>
    /// <param name="type">The document's type.</param>
    /// <param name="versionOf">The form that the document says it has.</param>
    /// <param name="version">The form that this program reads.</param>
    public T? Read<T>(string name, JsonTypeInfo<T> type, Func<T, int> versionOf, int version)
        where T : class
    {
        if (Read(name) is not { } content)
        {
            return null;
        }

        try
        {
            var document = JsonSerializer.Deserialize(content, type);
            if (document is not null && versionOf(document) == version)
            {
                return document;
            }

            SetAside(name, $"it is of version {(document is null ? null : versionOf(document))}, and this program reads version {version}");
        }
        catch (JsonException error)
        {
            SetAside(name, error.Message);
        }

        return null;
    }

    /// <summary>Replaces a file; when this returns, the new one is on the disk.</summary>
    /// <exception cref="IOException">It cannot be written; the file is as it was.</exception>
    public void Write(string name, byte[] content)
    {
        if (IsHandedOver)
        {
            throw new IOException("an upgrade is under way; ask again in a moment");
        }

        Replace(name, content);
    }

    /// <summary>As <see cref="Write"/>, also while another process takes over: for what it reads only when its turn has come.</summary>
    /// <exception cref="IOException">It cannot be written; the file is as it was.</exception>
    public void Replace(string name, byte[] content)
    {
        try
        {
            var next = At(name + ".new");
            using (var file = new FileStream(next, Options(FileMode.Create)))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            File.Move(next, At(name), overwrite: true);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new IOException(error.Message, error);
        }
    }

    /// <summary>The names of the files that begin with <paramref name="prefix"/>; none where the folder cannot be read.</summary>
    public IReadOnlyList<string> Names(string prefix)
    {
        try
        {
            return [.. Directory.EnumerateFiles(Path, prefix + "*").Select(path => System.IO.Path.GetFileName(path)).Order(StringComparer.Ordinal)];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Removes a file; false where it is still there.</summary>
    public bool Remove(string name)
    {
        try
        {
            File.Delete(At(name));
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _log.Warn("a file of the state folder cannot be removed", ("file", At(name)), ("error", error.Message));
            return false;
        }
    }

    /// <summary>Removes the files that begin with <paramref name="prefix"/> and are none of <paramref name="wanted"/>; one that cannot be removed stays.</summary>
    public void Prune(string prefix, IReadOnlySet<string> wanted)
    {
        try
        {
            foreach (var path in Directory.EnumerateFiles(Path, prefix + "*").Where(path => !wanted.Contains(System.IO.Path.GetFileName(path))).ToList())
            {
                File.Delete(path);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _log.Warn("a file of the state folder cannot be removed", ("error", error.Message));
        }
    }

    /// <summary>Puts a file that makes no sense out of the way, where somebody may look at it, and goes on without.</summary>
    /// <param name="name">The file.</param>
    /// <param name="why">What is wrong with it.</param>
    public void SetAside(string name, string why)
    {
        var aside = At(string.Create(CultureInfo.InvariantCulture, $"{name}.bad-{_time.GetUtcNow():yyyyMMdd'T'HHmmss'Z'}"));
        try
        {
            File.Move(At(name), aside, overwrite: true);
            _log.Warn("a file of the state folder makes no sense; it was set aside, and what it held is forgotten", ("file", At(name)), ("aside", aside), ("error", why));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _log.Warn("a file of the state folder makes no sense, and what it held is forgotten", ("file", At(name)), ("error", why), ("not_moved", error.Message));
        }
    }

    /// <summary>Lets the folder go.</summary>
    public void Dispose() => Libc.Close(Lock);

    private static void MakeFolder(string path)
    {
        if (!OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path, FolderMode);
        }
    }

    private static FileStreamOptions Options(FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = FileBits;
        }

        return options;
    }

    private static string ProcessOf(string path)
    {
        try
        {
            return $" (pid {File.ReadAllText(System.IO.Path.Combine(path, ProcessName)).Trim()})";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private string At(string name) => System.IO.Path.Combine(Path, name);
}
