namespace LoadBalancer.Http.Authentication.Basic;

/// <summary>
/// Who verifies passwords: a few at a time, off the loops, and a bounded number that wait for it. Hashes of passwords are made to cost a core
/// for a tenth of a second, so whoever sends many wrong ones would have them all. Of one client, by its address, a share of them waits at most: what it
/// sends at once is counted as guesses only when it was verified. Thread-safe; one for the process.
/// </summary>
/// <param name="mostAtWork">How many are verified at a time.</param>
/// <param name="mostWaiting">How many wait at most.</param>
/// <param name="patience">How long one waits at most.</param>
/// <param name="time">The clock of that.</param>
internal sealed class PasswordWorkers(int mostAtWork, int mostWaiting, TimeSpan patience, TimeProvider time) : IThreadPoolWorkItem
{
    // Of one address, which may be an office: an eighth.
    private const int Shares = 8;

    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, int> _ofClients = [];
    private readonly Queue<PasswordCheck> _waiting = new();
    private int _atWork;

    /// <summary>Those of this process: a quarter of its cores.</summary>
    public static PasswordWorkers OfProcess { get; } = new(Math.Max(1, Environment.ProcessorCount / 4), mostWaiting: 128, TimeSpan.FromSeconds(10), TimeProvider.System);

    /// <summary>The time, for <see cref="PasswordCheck.Began"/>.</summary>
    public long Now => time.GetTimestamp();

    /// <summary>How many wait.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>How many of one client are verified or wait at most.</summary>
    public int MostOfClient => Math.Max(1, mostWaiting / Shares);

    /// <summary>Has it verified when its turn comes; false where too many wait, of all or of its client.</summary>
    public bool TryAdd(PasswordCheck check)
    {
        // Rule zero: a lock, held for a few instructions, where a request is about to wait for a tenth of a second.
        lock (_gate)
        {
            var ofClient = check.Client is { } client ? _ofClients.GetValueOrDefault(client) : 0;
            if (_waiting.Count >= mostWaiting || ofClient >= MostOfClient)
            {
                return false;
            }

            if (check.Client is { } known)
            {
                _ofClients[known] = ofClient + 1;
            }

            _waiting.Enqueue(check);
            if (_atWork == mostAtWork)
            {
                return true;
            }

            _atWork++;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        return true;
    }

    /// <inheritdoc/>
    void IThreadPoolWorkItem.Execute()
    {
        while (Next() is { } check)
        {
            if (time.GetElapsedTime(check.Began) > patience)
            {
                check.Expire();
            }
            else
            {
                check.Run();
            }

            Leave(check);
        }
    }

    private void Leave(PasswordCheck check)
    {
        if (check.Client is not { } client)
        {
            return;
        }

        lock (_gate)
        {
            if (_ofClients[client] is > 1 and var others)
            {
                _ofClients[client] = others - 1;
            }
            else
            {
                _ofClients.Remove(client);
            }
        }
    }

    private PasswordCheck? Next()
    {
        lock (_gate)
        {
            if (_waiting.TryDequeue(out var check))
            {
                return check;
            }

            _atWork--;
            return null;
        }
    }
}
