using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Daemon.Upgrading;

/// <summary>The process that is to take this one's place, and the way to it. Calls block.</summary>
internal sealed class Successor : IDisposable
{
    private static readonly TimeSpan ExitPatience = TimeSpan.FromSeconds(5);

    private readonly Process _process;

    private Successor(Process process, DescriptorChannel channel)
    {
        _process = process;
        Channel = channel;
    }

    /// <summary>The way to it.</summary>
    public DescriptorChannel Channel { get; }

    /// <summary>Its id.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Starts it as a child of this process: in the same control group, with the same limits, privileges and standard error.</summary>
    /// <param name="command">The program.</param>
    /// <param name="environment">Variables beside those of this process.</param>
    /// <exception cref="IOException">It cannot be started; the message says why.</exception>
    public static Successor Start(ProgramCommand command, IReadOnlyDictionary<string, string> environment)
    {
        var (channel, theirs) = DescriptorChannel.Pair();
        try
        {
            var start = new ProcessStartInfo(command.Program, command.Arguments);
            foreach (var (name, value) in environment)
            {
                start.Environment[name] = value;
            }

            start.Environment[Predecessor.Variable] = theirs.ToString(CultureInfo.InvariantCulture);
            return new Successor(Process.Start(start)!, channel);
        }
        catch (Win32Exception error)
        {
            channel.Dispose();
            throw new IOException(error.Message, error);
        }
        finally
        {
            Libc.Close(theirs);
        }
    }

    /// <summary>Waits for the end of one that has closed its way to us: that comes first, and the exit code a moment later.</summary>
    public void AwaitEnd() => _process.WaitForExit(ExitPatience);

    /// <summary>Its end, whenever that comes, and its exit code: 128 and the signal's number where a signal ended it.</summary>
    public async Task<int> EndedAsync()
    {
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }

    /// <summary>Sends it a signal; one that has ended gets none.</summary>
    public void Signal(int signal)
    {
        if (!_process.HasExited)
        {
            Libc.Kill(_process.Id, signal);
        }
    }

    /// <summary>Ends it, if it has not ended by itself.</summary>
    /// <returns>The exit code that it ended with by itself; null where it was made to.</returns>
    public int? End()
    {
        if (_process.WaitForExit(TimeSpan.Zero))
        {
            return _process.ExitCode;
        }

        _process.Kill();
        _process.WaitForExit(ExitPatience);
        return null;
    }

    /// <summary>Lets it live on without us.</summary>
    public void Dispose()
    {
        Channel.Dispose();
        _process.Dispose();
    }
}
