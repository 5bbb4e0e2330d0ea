using LoadBalancer.Limits;

namespace LoadBalancer.Tests.Limits;

/// <summary>
/// A group of servers behind a limit and a line of those who wait, in a time of its own: arrivals that do not wait for answers (an open loop), each server
/// with one request at once, and a queue of any length at the servers. What decides is the product's own.
/// </summary>
internal sealed class SimulatedOverload(int seed, Func<Random, double> service)
{
    private static readonly TimeSpan Pending = TimeSpan.FromSeconds(1);
    private static readonly double[] Mix = [0.4, 0.4, 0.2];
    private static readonly long Second = TimeProvider.System.TimestampFrequency;

    private readonly Random _random = new(seed);
    private readonly PriorityQueue<Event, (double At, long Order)> _events = new();
    private readonly Queue<Request> _atServers = new();
    private readonly ConcurrencyLimit _limit = new(1, TimeProvider.System);
    private readonly WaitingLine _line = new(TimeProvider.System);
    private long _order;
    private int _series;
    private int _underWay;
    private int _busy;

    private delegate void Event();

    /// <summary>The time, in seconds.</summary>
    public double Now { get; private set; } = 1;

    /// <summary>How many servers there are.</summary>
    public int Servers { get; set; } = 16;

    /// <summary>By how much each request takes longer, by the time.</summary>
    public Func<double, double> Slowness { get; set; } = static _ => 1;

    /// <summary>Arrivals in a second.</summary>
    public double Rate { get; set; }

    /// <summary>False lets everything through at once.</summary>
    public bool IsLimited { get; init; } = true;

    /// <summary>What arrived since <see cref="Forget"/>.</summary>
    public List<Request> Arrived { get; } = [];

    public int Limit => _limit.Limit;

    public TimeSpan Base => _limit.Base;

    private long Timestamp => (long)(Now * Second);

    public void Forget() => Arrived.Clear();

    /// <summary>Goes on for some seconds.</summary>
    public void Run(double seconds)
    {
        var end = Now + seconds;
        _series++;
        if (Rate > 0)
        {
            ArriveLater();
        }

        while (_events.TryPeek(out var next, out var due) && due.At <= end)
        {
            _events.Dequeue();
            Now = due.At;
            next();
        }

        Now = end;
    }

    /// <summary>Answers in a second that came within the one second that a client waits for one.</summary>
    public double Goodput(double seconds) => Arrived.Count(static request => request.Answered > 0 && request.Answered - request.Came <= 1) / seconds;

    /// <summary>A quantile of the times from arrival to answer, in seconds.</summary>
    public double Quantile(Importance importance, double quantile)
    {
        var times = Arrived.Where(request => request.Importance == importance && request.Answered > 0).Select(static request => request.Answered - request.Came).Order().ToArray();
        return times[(int)(quantile * (times.Length - 1))];
    }

    /// <summary>The share of those of one importance that were refused.</summary>
    public double Share(Importance importance)
    {
        var offered = Arrived.Where(request => request.Importance == importance).ToList();
        return (double)offered.Count(static request => request.IsRefused) / offered.Count;
    }

    private void At(double delay, Event what) => _events.Enqueue(what, (Now + delay, _order++));

    private void ArriveLater()
    {
        var series = _series;
        At(-Math.Log(1 - _random.NextDouble()) / Rate, () =>
        {
            if (series == _series)
            {
                ArriveLater();
                Arrive();
            }
        });
    }

    private void Arrive()
    {
        var (draw, importance) = (_random.NextDouble(), 0);
        while (importance < Mix.Length - 1 && draw >= Mix[importance])
        {
            draw -= Mix[importance++];
        }

        var request = new Request((Importance)importance, Now);
        Arrived.Add(request);
        if (!IsLimited || (_line.Count == 0 && _underWay < _limit.Limit))
        {
            Enter(request);
            return;
        }

        _limit.Met();
        _line.Turn = _limit.Base > Pending / 32 ? _limit.Base : Pending / 32;
        At(_line.Patience(request.Importance, Timestamp, Pending).TotalSeconds, () => GiveUp(request));
        _line.Add(request, Timestamp);
        Serve();
    }

    private void GiveUp(Request request)
    {
        if (request.IsWaiting)
        {
            _line.Remove(request);
            request.IsRefused = true;
        }
    }

    private void Serve()
    {
        while (_underWay < _limit.Limit && _line.Next(Timestamp) is Request next)
        {
            _line.Remove(next);
            Enter(next);
        }
    }

    private void Enter(Request request)
    {
        _underWay++;
        request.Entered = Now;
        _atServers.Enqueue(request);
        Work();
    }

    private void Work()
    {
        while (_busy < Servers && _atServers.TryDequeue(out var next))
        {
            _busy++;
            At(service(_random) * Slowness(Now), () => Answer(next));
        }
    }

    private void Answer(Request request)
    {
        _busy--;
        _underWay--;
        request.Answered = Now;
        _limit.Answered(0, (long)((Now - request.Entered) * Second), 0, Timestamp, _underWay);
        Work();
        if (IsLimited)
        {
            Serve();
        }
    }

    internal sealed class Request(Importance importance, double came) : LineMember(importance)
    {
        public double Came => came;

        public double Entered { get; set; }

        public double Answered { get; set; }

        public bool IsRefused { get; set; }
    }
}
