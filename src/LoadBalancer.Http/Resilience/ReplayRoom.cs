namespace LoadBalancer.Http.Resilience;

/// <summary>
/// What the requests of one loop keep of their bodies, to be sent again: bounded, however many there are. Where there is no room a body passes without being
/// kept, and its request is not sent again. Changed only on its loop.
/// </summary>
/// <param name="most">How many bytes there is room for.</param>
internal sealed class ReplayRoom(long most = ReplayRoom.Most)
{
    /// <summary>32 MiB, twice the longest body that one request may keep.</summary>
    public const long Most = 32 * 1024 * 1024;

    private long _bytes;
    private long _unkept;

    /// <summary>How many bytes bodies have of it. Any thread.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>How many bodies were not kept, or no further, because there was no room. Any thread.</summary>
    public long Unkept => Volatile.Read(ref _unkept);

    /// <summary>How many bodies have memory of it.</summary>
    public int Bodies { get; private set; }

    /// <summary>Takes memory for a body that has <paramref name="before"/> bytes of it, and is to have <paramref name="after"/>; false where there is no room.</summary>
    public bool TryMove(int before, int after)
    {
        if (_bytes - before + after > most)
        {
            Volatile.Write(ref _unkept, _unkept + 1);
            return false;
        }

        Move(before, after);
        return true;
    }

    /// <summary>A body that had <paramref name="bytes"/> has none any more.</summary>
    public void Leave(int bytes) => Move(bytes, 0);

    private void Move(int before, int after)
    {
        Volatile.Write(ref _bytes, _bytes + after - before);
        Bodies += (after > 0 ? 1 : 0) - (before > 0 ? 1 : 0);
    }
}
