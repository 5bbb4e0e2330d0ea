using System.Text.RegularExpressions;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Routing;

/// <summary>Routes of one host whose paths fit and are of one rank: the best of them is taken, or the method is refused. Immutable, thread-safe.</summary>
/// <param name="matches">What they match, the one that wins first.</param>
internal sealed class PathGroup(RouteMatch[] matches)
{
    private static readonly Comparer<RouteMatch> BestFirst = Comparer<RouteMatch>.Create((left, right) => left.CompareTo(right));

    /// <summary>The one match that there is, where it has no further conditions, as most routes have none; else null.</summary>
    public RouteMatch? Only { get; } = matches is [{ Predicate.Count: 0 }] ? matches[0] : null;

    /// <summary>The regular expression that the path has to fit as well; null where it fits already.</summary>
    public Regex? Regex { get; } = matches[0].Path.Regex;

    /// <summary>The group that is tried after this one; null for none.</summary>
    public PathGroup? Next { get; private init; }

    /// <summary>Groups of what is tried together, the narrowest first; null where there is none. None is a regular expression.</summary>
    public static PathGroup? Of(IEnumerable<RouteMatch> matches) =>
        Chain([.. matches.Order(BestFirst)], (earlier, later) => earlier.Path.CompareRank(later.Path) == 0);

    /// <summary>A group for each regular expression, the one with the highest priority first: which is the narrower nobody can tell.</summary>
    public static PathGroup? OfRegexes(IEnumerable<RouteMatch> matches) => Chain(
        [
            .. matches.GroupBy(match => match.Path.Text, StringComparer.Ordinal)
                .OrderByDescending(group => group.Max(match => match.Priority))
                .SelectMany(group => group.Order(BestFirst)),
        ],
        (earlier, later) => earlier.Path.Text == later.Path.Text);

    private static PathGroup? Chain(RouteMatch[] ordered, Func<RouteMatch, RouteMatch, bool> together)
    {
        PathGroup? group = null;
        for (var end = ordered.Length; end > 0;)
        {
            var from = end - 1;
            while (from > 0 && together(ordered[from - 1], ordered[end - 1]))
            {
                from--;
            }

            group = new PathGroup(ordered[from..end]) { Next = group };
            end = from;
        }

        return group;
    }

    /// <summary>What a request is: meant by <paramref name="match"/>, meant with another method, or not meant.</summary>
    public RequestVerdict Test(RequestHead head, out RouteMatch? match)
    {
        if (Only is not null)
        {
            match = Only;
            return RequestVerdict.Yes;
        }

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
