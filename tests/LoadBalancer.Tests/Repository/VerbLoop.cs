using System.Globalization;
using LoadBalancer.Daemon.Cli;
using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Daemon.Systemd;

namespace LoadBalancer.Daemon.Tests.Repository;

/// <summary>
/// Runs command lines of lb one after the other, each as a process of its own would, in the time of one that has long been started: pages have
/// many of them, and a process spends most of its time on starting. One daemon may be at work meanwhile. One thread.
/// </summary>
internal sealed class VerbLoop : IDisposable
{
    private static readonly Uri Readiness = new("http://127.0.0.1:9090/readyz");

    /// <summary>The usual places of an admin listener: a file has one of them at least.</summary>
    private readonly HttpClient[] _admins = [new(), Scenarios.AdminClient.Over("/run/lb/admin.sock")];
    private Orders? _orders;
    private Task<int> _daemon = Task.FromResult(ExitCode.Success);

    /// <summary>
    /// Takes command lines until nobody writes them any more. Of each it is told a file, which has the current folder and the words, all of them
    /// ended by a zero; its environment stands beside it, and what is printed is put there. <c>run</c> is answered when lb is ready, or has ended; <c>stop</c> ends it.
    /// </summary>
    /// <param name="questions">A named pipe with the path of such a file on each line.</param>
    /// <param name="answers">A named pipe that gets the exit code of each.</param>
    public static async Task RunAsync(string questions, string answers)
    {
        using var loop = new VerbLoop();
        using var asked = new StreamReader(new FileStream(questions, FileMode.Open, FileAccess.ReadWrite));
        await using var answered = new StreamWriter(new FileStream(answers, FileMode.Open, FileAccess.ReadWrite)) { AutoFlush = true };
        while (await asked.ReadLineAsync() is { } file)
        {
            var words = (await File.ReadAllTextAsync(file)).Split('\0')[..^1];
            Environment.CurrentDirectory = words[0];
            var (output, errors) = (new StringWriter(), new StringWriter());
            var environment = (await File.ReadAllTextAsync(file + ".env")).Split('\0')[..^1].Select(entry => entry.Split('=', 2)).ToDictionary(entry => entry[0], entry => entry[1]);
            var code = await loop.DoAsync(new Terminal(TextWriter.Synchronized(output), TextWriter.Synchronized(errors), name => environment.GetValueOrDefault(name)), words[1..]);
            await File.WriteAllTextAsync(file + ".out", output.ToString());
            await File.WriteAllTextAsync(file + ".err", errors.ToString());
            await answered.WriteLineAsync(code.ToString(CultureInfo.InvariantCulture));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _orders?.Dispose();
        Array.ForEach(_admins, admin => admin.Dispose());
    }

    private async Task<int> DoAsync(Terminal terminal, string[] words)
    {
        switch (words)
        {
            case ["stop"]:
                _orders?.OrderHurry();
                await _daemon;
                _orders?.Dispose();
                _orders = null;
                return ExitCode.Success;

            case ["run"] or ["run", "-c", _]:
                var orders = _orders = new Orders();
                _daemon = Task.Run(() => Daemon.RunAsync(words[^1] == "run" ? GatewayFile.DefaultPath : words[^1], strict: false, terminal, ServiceEnvironment.OfProcess(), orders, TimeProvider.System));
                while (!_daemon.IsCompleted && !await IsReadyAsync())
                {
                    await Task.Yield();
                }

                return _daemon.IsCompleted ? await _daemon : ExitCode.Success;

            default:
                return await new Shell(terminal).RunAsync(words);
        }
    }

    private async Task<bool> IsReadyAsync()
    {
        foreach (var admin in _admins)
        {
            try
            {
                using var answer = await admin.GetAsync(Readiness);
                if (answer.IsSuccessStatusCode)
                {
                    return true;
                }
            }
            catch (HttpRequestException)
            {
                // Not there, or not yet.
            }
        }

        return false;
    }
}
