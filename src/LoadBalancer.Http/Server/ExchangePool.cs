using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Server;

/// <summary>A loop's exchanges that are not in use, last in first out. Touched only on its loop.</summary>
internal sealed class ExchangePool(EventLoop loop)
{
    /// <summary>What is kept: at about 10 KiB each, 10 MiB at most.</summary>
    private const int MostKept = 1024;

    private readonly Stack<Exchange> _kept = new();
    private readonly RequestIds _ids = new();
    private readonly AddressCache _addresses = new();

    /// <summary>How many are in use: 0 when no request is being served. For tests and metrics.</summary>
    public int Rented { get; private set; }

    /// <summary>An exchange that knows nothing.</summary>
    public Exchange Rent()
    {
        Rented++;
        return _kept.Count > 0 ? _kept.Pop() : new Exchange(loop) { Ids = _ids, Addresses = _addresses };
    }

    /// <summary>Takes it back; nobody refers to it any more.</summary>
    public void Return(Exchange exchange)
    {
        Rented--;
        exchange.Reset();
        if (_kept.Count < MostKept)
        {
            _kept.Push(exchange);
        }
    }
}
