using LoadBalancer.Faults;
using LoadBalancer.Limits;

namespace LoadBalancer.Http.Forwarding.Http2;

/// <summary>Those who wait for a stream of one endpoint on one loop: the important first, and first come, first served among equals. Touched only on its loop.</summary>
internal sealed class Http2SessionLine
{
    private readonly Queue<Http2SessionWait>?[] _queues = new Queue<Http2SessionWait>?[(int)Importance.Never + 1];

    /// <summary>How many wait.</summary>
    public int Count { get; private set; }

    /// <summary>One more waits.</summary>
    public void Add(Http2SessionWait wait)
    {
        Count++;
        (_queues[(int)wait.Importance] ??= new()).Enqueue(wait);
    }

    /// <summary>One who waited has ended; who that was is forgotten by and by.</summary>
    public void Left() => Count--;

    /// <summary>Who is served next; null for nobody.</summary>
    public Http2SessionWait? Next()
    {
        for (var importance = (int)Importance.Never; importance >= 0; importance--)
        {
            if (First((Importance)importance) is { } wait)
            {
                return wait;
            }
        }

        return null;
    }

    /// <summary>Whose time is over first; null where nobody waits.</summary>
    public Http2SessionWait? Earliest()
    {
        Http2SessionWait? earliest = null;
        for (var importance = Importance.Low; importance <= Importance.Never; importance++)
        {
            if (First(importance) is { } wait && !(earliest?.DueMs <= wait.DueMs))
            {
                earliest = wait;
            }
        }

        return earliest;
    }

    /// <summary>One waits for room from now on where so many may; else the least important goes.</summary>
    /// <param name="wait">The one.</param>
    /// <param name="nowMs">The time of the loop, in milliseconds.</param>
    public void Admit(Http2SessionWait wait, long nowMs)
    {
        if (wait.TryEnter(nowMs))
        {
            return;
        }

        var goes = Yielding(wait.Importance) ?? wait;
        goes.Refuse(FaultKind.PendingOverflow);
        if (goes != wait && !wait.TryEnter(nowMs))
        {
            wait.Refuse(FaultKind.PendingOverflow);
        }
    }

    /// <summary>There is no room: all go where there is some, or wait for it from now on.</summary>
    public void AdmitAll(long nowMs)
    {
        foreach (var wait in All())
        {
            if (!wait.HasEnded && !wait.IsPending && !wait.TryLeave())
            {
                Admit(wait, nowMs);
            }
        }
    }

    /// <summary>Refuses those whose time is over, and who can go nowhere else.</summary>
    public void RefuseLate(long nowMs)
    {
        while (Earliest() is { } wait && wait.DueMs <= nowMs)
        {
            if (!wait.TryLeave())
            {
                wait.Refuse(FaultKind.PendingTimeout);
            }
        }
    }

    // Who goes for somebody more important; null where nobody is less so.
    private Http2SessionWait? Yielding(Importance to)
    {
        for (var importance = Importance.Low; importance < to; importance++)
        {
            if (First(importance) is { } wait)
            {
                return wait;
            }
        }

        return null;
    }

    // Those who wait now, and some who have ended, the important first. A copy: who is ended goes on inline, and may come back.
    private List<Http2SessionWait> All()
    {
        var all = new List<Http2SessionWait>(Count);
        for (var importance = (int)Importance.Never; importance >= 0; importance--)
        {
            if (_queues[importance] is { } queue)
            {
                all.AddRange(queue);
            }
        }

        return all;
    }

    private Http2SessionWait? First(Importance importance)
    {
        if (_queues[(int)importance] is not { } queue)
        {
            return null;
        }

        while (queue.TryPeek(out var wait))
        {
            if (!wait.HasEnded)
            {
                return wait;
            }

            queue.Dequeue();
        }

        return null;
    }
}
