using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using LoadBalancer.Daemon.Systemd;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Daemon.Upgrading;

/// <summary>
/// A process between the old one and the one that is to take its place: it starts that one, says its id, and ends, so that the service manager becomes its parent.
/// systemd waits only for children of its own: of another main process it does not see the end, and at a stop it kills it at once in place of letting it drain
/// (systemd, src/core/service.c, <c>main_pid_alien</c>).
/// </summary>
internal static class Detachment
{
    /// <summary>The environment variable by which the old process asks for it.</summary>
    public const string Variable = "LB_HANDOVER_DETACH";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Does it, where it was asked for.</summary>
    /// <returns>Whether it was started; null where this process is to go on itself.</returns>
    public static bool? Run(ServiceEnvironment service)
    {
        if (service.Take(Variable) is null)
        {
            return null;
        }

        string word;
        bool isStarted;
        try
        {
            // It has all that this one was given, the way to the old process among it.
            var command = ProgramCommand.OfProcess();
            using var process = Process.Start(new ProcessStartInfo(command.Program, command.Arguments))!;
            (word, isStarted) = ($"{Predecessor.Detached}{process.Id.ToString(CultureInfo.InvariantCulture)}", true);
        }
        catch (Exception error) when (error is Win32Exception or IOException)
        {
            (word, isStarted) = (Predecessor.Failed + error.Message, false);
        }

        if (int.TryParse(service.Take(Predecessor.Variable), NumberStyles.None, CultureInfo.InvariantCulture, out var descriptor))
        {
            using var channel = DescriptorChannel.Inherited(descriptor);
            channel.Send(word, Patience);
        }

        return isStarted;
    }
}
