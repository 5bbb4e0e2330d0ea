namespace LoadBalancer.Http.Routing;

/// <summary>The hosts of some routes, numbered from 0 on as they come. For one build.</summary>
/// <param name="routes">How many routes there are.</param>
internal sealed class HostNumbers(int routes)
{
    private readonly int[] _numbers = new int[routes];
    private readonly List<string?> _hosts = [];
    private readonly Dictionary<string, int> _byHost = new(StringComparer.Ordinal);
    private int _ofEvery = -1;
    private int _count;

    /// <summary>How many hosts there are.</summary>
    public int Count => _hosts.Count;

    /// <summary>The number of a route's host, by the route's place in the list.</summary>
    public int this[int route] => _numbers[route];

    /// <summary>The host of a number; null for every host.</summary>
    public string? Host(int number) => _hosts[number];

    /// <summary>Adds the next route's.</summary>
    public void Add(string? host)
    {
        var isThere = host is null ? _ofEvery >= 0 : _byHost.ContainsKey(host);
        if (!isThere)
        {
            _hosts.Add(host);
            if (host is null)
            {
                _ofEvery = Count - 1;
            }
            else
            {
                _byHost.Add(host, Count - 1);
            }
        }

        _numbers[_count++] = host is null ? _ofEvery : _byHost[host];
    }
}
