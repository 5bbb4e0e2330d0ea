namespace LoadBalancer.Daemon.Systemd;

/// <summary>
/// What the service manager tells a service through its environment. Each variable is taken once and removed, so that a
/// child process never speaks in our name.
/// </summary>
/// <param name="read">Reads a variable; null where it is unset.</param>
/// <param name="remove">Removes it.</param>
/// <param name="processId">Who we are: some variables name the process that they are for.</param>
internal sealed class ServiceEnvironment(Func<string, string?> read, Action<string> remove, int processId)
{
    // What may be told to whoever takes this process's place: the sockets are given by other means, and the ids are ours.
    private static readonly string[] OfThisProcess = ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "LISTEN_PIDFDID", "WATCHDOG_PID", "LB_HANDOVER", "LB_HANDOVER_DETACH"];

    private readonly Dictionary<string, string> _taken = new(StringComparer.Ordinal);

    /// <summary>What was taken and holds for the process that replaces this one too.</summary>
    public IReadOnlyDictionary<string, string> ForSuccessor => _taken;

    /// <summary>This process's id.</summary>
    public int ProcessId => processId;

    /// <summary>The environment of this process.</summary>
    public static ServiceEnvironment OfProcess() =>
        new(Environment.GetEnvironmentVariable, name => Environment.SetEnvironmentVariable(name, null), Environment.ProcessId);

    /// <summary>The environment in <paramref name="variables"/>, of the process <paramref name="processId"/>.</summary>
    public static ServiceEnvironment Of(IDictionary<string, string> variables, int processId) =>
        new(name => variables.TryGetValue(name, out var value) ? value : null, name => variables.Remove(name), processId);

    /// <summary>The variable's value, and the variable is gone; null where it was unset or empty.</summary>
    public string? Take(string name)
    {
        var value = read(name);
        remove(name);
        if (string.IsNullOrEmpty(value))
        {
            return null;
        }

        if (!OfThisProcess.Contains(name, StringComparer.Ordinal))
        {
            _taken[name] = value;
        }

        return value;
    }
}
