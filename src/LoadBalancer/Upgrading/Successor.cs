using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Daemon.Upgrading;

/// <summary>The process that is to take this one's place, and the way to it. Calls block.</summary>
internal sealed class Successor : IDisposable
{
    private const int Kill = 9;

    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan ExitPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ListenPatience = TimeSpan.FromMinutes(1);

    private readonly Process _process;
    private volatile int _detached;
    private volatile bool _hasEnded;

    private Successor(Process process, DescriptorChannel channel)
    {
        _process = process;
        Channel = channel;
    }

    /// <summary>The way to it.</summary>
    public DescriptorChannel Channel { get; }

    /// <summary>Its id.</summary>
    public int ProcessId => _detached != 0 ? _detached : _process.Id;

    /// <summary>Starts it as a child of this process: in the same control group, with the same limits, privileges and standard error.</summary>
    /// <param name="command">The program.</param>
    /// <param name="environment">Variables beside those of this process.</param>
    /// <param name="detaches">True where it is to start another one that is nobody's child, and end (<see cref="Detachment"/>); earlier versions do not.</param>
    /// <exception cref="IOException">It cannot be started; the message says why.</exception>
    public static Successor Start(ProgramCommand command, IReadOnlyDictionary<string, string> environment, bool detaches)
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
            if (detaches)
            {
                start.Environment[Detachment.Variable] = "1";
            }

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

    /// <summary>The process that was started has started another one, which it is from here on; the service manager is its parent once this returns.</summary>
    public void Detach(int processId)
    {
        _process.WaitForExit(ExitPatience);

        // A fence: of this, and an order to end it at the same moment, one sees the other.
        Interlocked.Exchange(ref _detached, processId);
    }

    /// <summary>Waits for the end of one that has closed its way to us: that comes first, and the exit code a moment later.</summary>
    public void AwaitEnd()
    {
        _hasEnded = true;
        _process.WaitForExit(ExitPatience);
    }

    /// <summary>True where it has closed its way to us, as its end does. Only where it has nothing to say; takes a moment.</summary>
    public bool HasLeft()
    {
        _hasEnded = Channel.Receive(Glance, out _, out var late) is null && !late;
        return _hasEnded;
    }

    /// <summary>Its end, whenever that comes, in disorder: how it ended; null where it had stopped in order.</summary>
    public async Task<string?> EndedAsync()
    {
        if (_detached == 0)
        {
            await _process.WaitForExitAsync();
            return _process.ExitCode == 0 ? null : FormattableString.Invariant($"exit code {_process.ExitCode}");
        }

        var stopped = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() => stopped.SetResult(HearsStop())) { IsBackground = true, Name = "lb successor" }.Start();
        return await stopped.Task ? null : "it did not stop in order";
    }

    /// <summary>Sends it a signal; one that has ended gets none.</summary>
    public void Signal(int signal)
    {
        if (!_hasEnded && (_detached != 0 || !_process.HasExited))
        {
            Libc.Kill(ProcessId, signal);
        }
    }

    /// <summary>Ends it, if it has not ended by itself.</summary>
    /// <returns>The exit code that it ended with by itself; null where it was made to, and where only its parent knows.</returns>
    public int? End()
    {
        if (_detached != 0)
        {
            Signal(Kill);
            while (!_hasEnded && Channel.Receive(ExitPatience, out _, out var late) is not null && !late)
            {
                // What it had still to say does not matter any more.
            }

            return null;
        }

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

    // The way to it closes with it, and a last word comes before where that was in order.
    private bool HearsStop()
    {
        while (true)
        {
            var word = Channel.Receive(ListenPatience, out _, out var late);
            if (word == Predecessor.Stopped || (word is null && !late))
            {
                _hasEnded = true;
                return word is not null;
            }
        }
    }
}
