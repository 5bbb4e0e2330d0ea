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

    /// <summary>Who goes for somebody more important; null where nobody is less so.</summary>
    public Http2SessionWait? Yielding(Importance to)
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

    /// <summary>All who wait now, and some who have ended, the important first. A copy: who is ended goes on inline, and may come back.</summary>
    public List<Http2SessionWait> All()
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
