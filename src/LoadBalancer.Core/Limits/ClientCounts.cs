namespace LoadBalancer.Limits;

/// <summary>
/// How many each client has open, over all loops. Only clients that have some are in it, so it is bounded by what is open.
/// Thread-safe: a client's number says in which of the shards it is, each with a spin lock that is held for one look-up.
/// </summary>
internal sealed class ClientCounts
{
    private const int Shards = 64;
    private const int ShardShift = 64 - 6;

    private readonly Shard[] _shards = new Shard[Shards];

    /// <summary>Counts of nobody.</summary>
    public ClientCounts()
    {
        for (var index = 0; index < Shards; index++)
        {
            _shards[index] = new Shard();
        }
    }

    /// <summary>How many are open, over all clients.</summary>
    public long Open
    {
        get
        {
            var open = 0L;
            foreach (var shard in _shards)
            {
                open += shard.Open;
            }

            return open;
        }
    }

    /// <summary>How many clients have some open.</summary>
    public long Clients
    {
        get
        {
            var clients = 0L;
            foreach (var shard in _shards)
            {
                clients += shard.Clients;
            }

            return clients;
        }
    }

    /// <summary>Counts one more for <paramref name="client"/>, or says no where it has <paramref name="most"/> already.</summary>
    public bool TryEnter(ulong client, int most) => _shards[client >> ShardShift].TryEnter(client, most);

    /// <summary>How many <paramref name="client"/> has open.</summary>
    public int Of(ulong client) => _shards[client >> ShardShift].Of(client);

    /// <summary>Counts one less; once for each that entered.</summary>
    public void Leave(ulong client) => _shards[client >> ShardShift].Leave(client);

    private sealed class Shard
    {
        private readonly Dictionary<ulong, int> _counts = [];
        private SpinLock _gate = new(enableThreadOwnerTracking: false);
        private long _open;

        public long Open => Volatile.Read(ref _open);

        // Without the gate: a count of a dictionary is one number, and nobody decides by it.
        public int Clients => _counts.Count;

        public bool TryEnter(ulong client, int most)
        {
            var entered = false;
            try
            {
                _gate.Enter(ref entered);
                var count = _counts.GetValueOrDefault(client);
                if (count >= most)
                {
                    return false;
                }

                _counts[client] = count + 1;
                Volatile.Write(ref _open, _open + 1);
                return true;
            }
            finally
            {
                if (entered)
                {
                    _gate.Exit();
                }
            }
        }

        public int Of(ulong client)
        {
            var entered = false;
            try
            {
                _gate.Enter(ref entered);
                return _counts.GetValueOrDefault(client);
            }
            finally
            {
                if (entered)
                {
                    _gate.Exit();
                }
            }
        }

        public void Leave(ulong client)
        {
            var entered = false;
            try
            {
                _gate.Enter(ref entered);
                var count = _counts[client] - 1;
                if (count == 0)
                {
                    _counts.Remove(client);
                }
                else
                {
                    _counts[client] = count;
                }

                Volatile.Write(ref _open, _open - 1);
            }
            finally
            {
                if (entered)
                {
                    _gate.Exit();
                }
            }
        }
    }
}
