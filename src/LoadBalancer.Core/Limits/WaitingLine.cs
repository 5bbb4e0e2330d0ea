namespace LoadBalancer.Limits;

/// <summary>
/// Those who wait, by importance: the most important is served first, and where the line is full, the least important goes. Not thread-safe;
/// times are timestamps of one clock.
/// </summary>
/// <remarks>
/// Within one importance it is first come, first served, while the line empties now and then. One that has stood for a while will not empty by itself: whoever waits at its end would be served when his time is nearly over, and so would
/// everybody. From then on the newest is served first, and the time to wait is halved with each further such while, so that
/// those who are served are served at once and the others know soon (CoDel's standing queue, Nichols and Jacobson 2012; with the order that
/// Maurer gives in "Fail at Scale", 2015).
/// </remarks>
internal sealed class WaitingLine(TimeProvider time)
{
    private static readonly int Kinds = Enum.GetValues<Importance>().Length;

    private readonly Rank[] _ranks = new Rank[Kinds];
    private long _standing = time.TimestampFrequency / 10;

    /// <summary>What is waited for takes this long: nobody is told to wait for less, and the line may stand for twice as long, or 100 ms, before it is one of overload.</summary>
    public TimeSpan Turn
    {
        get;
        set
        {
            field = value;
            _standing = (long)(Math.Max(0.1, 2 * value.TotalSeconds) * time.TimestampFrequency);
        }
    }

    /// <summary>How many wait.</summary>
    public int Count { get; private set; }

    /// <summary>How many of one importance wait.</summary>
    public int CountOf(Importance importance) => _ranks[(int)importance].Count;

    /// <summary>Takes in <paramref name="member"/>, as the newest.</summary>
    public void Add(LineMember member, long now)
    {
        ref var rank = ref _ranks[(int)member.Importance];
        if (rank.Count++ == 0)
        {
            (rank.Since, rank.Oldest) = (now, member);
        }
        else
        {
            (member.Older, rank.Newest!.Newer) = (rank.Newest, member);
        }

        rank.Newest = member;
        member.IsWaiting = true;
        Count++;
    }

    /// <summary>Lets <paramref name="member"/> go, which is in it.</summary>
    public void Remove(LineMember member)
    {
        ref var rank = ref _ranks[(int)member.Importance];
        if (member.Older is null)
        {
            rank.Oldest = member.Newer;
        }
        else
        {
            member.Older.Newer = member.Newer;
        }

        if (member.Newer is null)
        {
            rank.Newest = member.Older;
        }
        else
        {
            member.Newer.Older = member.Older;
        }

        member.Older = member.Newer = null;
        member.IsWaiting = false;
        rank.Count--;
        Count--;
    }

    /// <summary>Who is served next; null where nobody waits.</summary>
    public LineMember? Next(long now)
    {
        for (var at = Kinds - 1; at >= 0; at--)
        {
            ref var rank = ref _ranks[at];
            if (rank.Count > 0)
            {
                return IsOverloaded(rank, now) ? rank.Newest : rank.Oldest;
            }
        }

        return null;
    }

    /// <summary>The oldest of one importance, for a walk along <see cref="LineMember.Newer"/>.</summary>
    public LineMember? Oldest(Importance importance) => _ranks[(int)importance].Oldest;

    /// <summary>Who goes, so that one of <paramref name="importance"/> can come: the least important, who would be served last; null where nobody is less important.</summary>
    public LineMember? Yielding(Importance importance, long now)
    {
        for (var at = 0; at < (int)importance; at++)
        {
            ref var rank = ref _ranks[at];
            if (rank.Count > 0)
            {
                return IsOverloaded(rank, now) ? rank.Oldest : rank.Newest;
            }
        }

        return null;
    }

    /// <summary>For how long one who comes now is to wait, at most.</summary>
    /// <param name="importance">How important it is.</param>
    /// <param name="now">The time.</param>
    /// <param name="most">The time where nothing stands.</param>
    public TimeSpan Patience(Importance importance, long now, TimeSpan most)
    {
        ref var rank = ref _ranks[(int)importance];
        var halvings = rank.Count == 0 || importance == Importance.Never ? 0 : Math.Min(32, (now - rank.Since) / _standing);
        var patience = most / (1L << (int)halvings);
        return patience > Turn ? patience : Turn < most ? Turn : most;
    }

    private bool IsOverloaded(in Rank rank, long now) => now - rank.Since >= _standing;

    private struct Rank
    {
        public LineMember? Oldest;
        public LineMember? Newest;
        public int Count;

        /// <summary>Since when it has not been empty.</summary>
        public long Since;
    }
}
