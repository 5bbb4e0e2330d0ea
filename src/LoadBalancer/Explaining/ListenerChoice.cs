using System.Net;
using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Http.Routing;

namespace LoadBalancer.Daemon.Explaining;

/// <summary>Which listener of a file a URL leads to.</summary>
internal static class ListenerChoice
{
    /// <summary>The name of the HTTP listener for a question: the one it names, else the one that speaks its scheme on its port; of several, the one with the narrowest route for its host.</summary>
    /// <param name="question">The question.</param>
    /// <param name="listeners">The listeners by name.</param>
    /// <param name="assumed">Takes what is assumed.</param>
    /// <exception cref="QuestionException">There is none, or more than one.</exception>
    public static string Find(Question question, ValueMap<ListenerOptions> listeners, List<string> assumed)
    {
        var url = Question.ReadUrl(question.Url);
        if (question.Listener is { } name)
        {
            return listeners.GetValueOrDefault(name) is not { } named
                ? throw new QuestionException($"no listener is called {ScalarNode.Quote(name)}{NearestName.Suggest(name, listeners.Keys)}")
                : named.Http is null ? throw new QuestionException($"the listener '{name}' is a TCP listener: it has no requests") : name;
        }

        var isSecure = url.Scheme is "https" or "wss";
        var speaking = listeners.Where(listener => listener.Value.Http is not null && listener.Value.Tls is not null == isSecure).ToList();
        var exact = speaking.Where(listener => listener.Value.Bind.Any(address => address is IPEndPoint ip && ip.Port == url.Port)).Select(listener => listener.Key).ToList();
        if (exact is [var only])
        {
            return only;
        }

        if (exact.Count > 1 && Nearest(exact, listeners, url) is [var nearest])
        {
            assumed.Add(FormattableString.Invariant($"of the listeners for {url.Scheme} on port {url.Port}, '{nearest}' is meant: it is the nearest to {url.Host}"));
            return nearest;
        }

        if (exact.Count == 0 && speaking is [var single])
        {
            assumed.Add(FormattableString.Invariant($"no listener that speaks {(isSecure ? "https" : "http")} has the port {url.Port}: '{single.Key}' is meant, which is the only one that does"));
            return single.Key;
        }

        var choice = exact.Count > 0 ? exact : [.. listeners.Where(listener => listener.Value.Http is not null).Select(listener => listener.Key)];
        throw new QuestionException(choice.Count == 0
            ? "the file has no HTTP listener"
            : $"{(exact.Count > 0 ? "several listeners are" : "no listener is")} for {url.Scheme} on port {FormattableString.Invariant($"{url.Port}")}: say which one is meant; there are {string.Join(", ", choice)}");
    }

    /// <summary>Where a client of a listener connects to.</summary>
    public static EndPoint LocalOf(ListenerOptions options, Uri url)
    {
        var bound = options.Bind.OfType<IPEndPoint>().ToList();
        return bound.Find(address => address.Port == url.Port) is { } same ? Concrete(same) : bound.Count > 0 ? Concrete(bound[0]) : new IPEndPoint(IPAddress.Loopback, url.Port);
    }

    /// <summary>Of listeners on one port, those that are bound to the URL's address; of a name, those with a route for it, else for its longest wildcard, else for every host.</summary>
    private static IReadOnlyList<string> Nearest(List<string> several, ValueMap<ListenerOptions> listeners, Uri url)
    {
        if (IPAddress.TryParse(url.IdnHost, out var asked) && several.Where(name => listeners[name].Bind.Any(address => address is IPEndPoint ip && ip.Address.Equals(asked))).ToList() is { Count: > 0 } bound)
        {
            return bound;
        }

        var hosts = several.SelectMany(name => listeners[name].Http!.AllRoutes.Select(route => (route.Host, Name: name))).Distinct().GroupBy(entry => entry.Host);
        var byHost = new HostTable<string[]>([.. hosts.Select(host => (host.Key, host.Select(entry => entry.Name).ToArray()))]);
        return byHost.Find(Encoding.ASCII.GetBytes(url.IdnHost.ToLowerInvariant())) is [var nearest, ..] ? nearest : [.. several];
    }

    private static IPEndPoint Concrete(IPEndPoint bound) => bound.Address.Equals(IPAddress.Any) ? new IPEndPoint(IPAddress.Loopback, bound.Port)
        : bound.Address.Equals(IPAddress.IPv6Any) ? new IPEndPoint(IPAddress.IPv6Loopback, bound.Port)
        : bound;
}
