using System.Text.RegularExpressions;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Routing;

/// <summary>Routes of one host whose paths fit and are of one rank: the best of them is taken, or the method is refused. Immutable, thread-safe.</summary>
/// <param name="matches">What they match, the one that wins first.</param>
internal sealed class PathGroup(RouteMatch[] matches)
{
    private static readonly Comparer<RouteMatch> BestFirst = Comparer<RouteMatch>.Create((left, right) => left.CompareTo(right));

    /// <summary>The regular expression that the path has to fit as well; null where it fits already.</summary>
    public Regex? Regex { get; } = matches[0].Path.Regex;

    /// <summary>Groups of what is tried together, the narrowest first; none is a regular expression.</summary>
    public static PathGroup[] Of(IEnumerable<RouteMatch> matches)
    {
        var groups = new List<PathGroup>();
        var together = new List<RouteMatch>();
        foreach (var match in matches.Order(BestFirst))
        {
            if (together.Count > 0 && together[0].Path.CompareRank(match.Path) != 0)
            {
                groups.Add(new PathGroup([.. together]));
                together.Clear();
            }

            together.Add(match);
        }

        if (together.Count > 0)
        {
            groups.Add(new PathGroup([.. together]));
        }

        return [.. groups];
    }

    /// <summary>A group for each regular expression, the one with the highest priority first: which is the narrower nobody can tell.</summary>
    public static PathGroup[] OfRegexes(IEnumerable<RouteMatch> matches) =>
        [.. matches.GroupBy(match => match.Path.Text, StringComparer.Ordinal)
            .OrderByDescending(group => group.Max(match => match.Priority))
            .Select(group => new PathGroup([.. group.Order(BestFirst)]))];

    /// <summary>What a request is: meant by <paramref name="match"/>, meant with another method, or not meant.</summary>
    public RequestVerdict Test(RequestHead head, out RouteMatch? match)
    {
        var verdict = RequestVerdict.No;
        foreach (var candidate in matches)
        {
            var own = candidate.Predicate.Test(head);
            if (own == RequestVerdict.Yes)
            {
                match = candidate;
                return own;
            }

            verdict = own == RequestVerdict.OtherMethod ? own : verdict;
        }

        match = null;
        return verdict;
    }

    /// <summary>Appends the methods with which the request would be meant, each once: <c>GET, HEAD</c>.</summary>
    public void AppendAllowed(RequestHead head, HeaderList fields)
    {
        var known = 0;
        foreach (var match in matches)
        {
            known |= match.Predicate.Test(head) == RequestVerdict.OtherMethod ? match.Predicate.Methods.Known : 0;
        }

        MethodSet.AppendKnown(known, fields);
        foreach (var match in matches)
        {
            if (match.Predicate.Test(head) == RequestVerdict.OtherMethod)
            {
                match.Predicate.Methods.AppendOthers(fields);
            }
        }
    }
}
