using System.Text;
using LoadBalancer.Http.Explaining;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Routing;

/// <summary>The conditions of a route beside host and path: methods, header fields, query parameters. Immutable, thread-safe.</summary>
internal sealed class RequestPredicate
{
    private static readonly RequestPredicate OfEvery = new(MethodSet.All, [], []);

    // Of methods alone, as most routes have it: one for all routes that take the same.
    private static readonly RequestPredicate?[] OfMethods = new RequestPredicate?[1 << Enum.GetValues<RequestMethod>().Length];

    private readonly Condition[] _fields;
    private readonly Condition[] _parameters;

    private RequestPredicate(MethodSet methods, Condition[] fields, Condition[] parameters) => (Methods, _fields, _parameters) = (methods, fields, parameters);

    /// <summary>The methods that are meant.</summary>
    public MethodSet Methods { get; }

    /// <summary>How many conditions there are: the methods are one, and each field and parameter.</summary>
    public int Count => (Methods.IsAll ? 0 : 1) + _fields.Length + _parameters.Length;

    /// <summary>The conditions of a route.</summary>
    public static RequestPredicate Of(RouteOptions options)
    {
        var methods = MethodSet.Of(options.Methods);
        return options.Headers.Count > 0 || options.Query.Count > 0 ? Of(methods, options)
            : methods.IsAll ? OfEvery
            : methods.IsKnown ? OfMethods[methods.Known] ??= new RequestPredicate(methods, [], [])
            : new RequestPredicate(methods, [], []);
    }

    /// <summary>Whether a request is meant.</summary>
    public RequestVerdict Test(RequestHead head)
    {
        foreach (var field in _fields)
        {
            if (!HasOnce(head.Fields, field))
            {
                return RequestVerdict.No;
            }
        }

        foreach (var parameter in _parameters)
        {
            if (!QueryText.HasOnce(head.Query, parameter.Name, parameter.Value))
            {
                return RequestVerdict.No;
            }
        }

        return Methods.Contains(head) ? RequestVerdict.Yes : RequestVerdict.OtherMethod;
    }

    /// <summary>The first condition that a request does not meet, as <see cref="Test"/> looks at them; null where it meets all. What the request has instead is not told.</summary>
    public (MissReason Reason, string Wanted)? FirstMiss(RequestHead head)
    {
        if (Array.Find(_fields, field => !HasOnce(head.Fields, field)) is { } field)
        {
            return (MissReason.Header, $"it wants the header {field} once");
        }

        // A lambda cannot hold a span.
        foreach (var parameter in _parameters)
        {
            if (!QueryText.HasOnce(head.Query, parameter.Name, parameter.Value))
            {
                return (MissReason.Query, $"it wants the query parameter {parameter} once");
            }
        }

        return Methods.Contains(head) ? null : (MissReason.Method, $"it takes {Methods}");
    }

    /// <summary>True where no request is meant by both: their methods differ, or one field or parameter would need two values.</summary>
    public bool Excludes(RequestPredicate other) =>
        !Methods.Overlaps(other.Methods) || Differ(_fields, other._fields) || Differ(_parameters, other._parameters);

    /// <summary>True where whatever fits the other's fields and parameters fits these as well.</summary>
    public bool FollowsFrom(RequestPredicate other) => Follow(_fields, other._fields) && Follow(_parameters, other._parameters);

    private static RequestPredicate Of(MethodSet methods, RouteOptions options) => new(
        methods,
        options.Headers.Count == 0 ? [] : [.. options.Headers.Select(entry => new Condition(entry.Key.ToLowerInvariant(), entry.Value))],
        options.Query.Count == 0 ? [] : [.. options.Query.Select(entry => new Condition(entry.Key, entry.Value))]);

    private static bool Follow(Condition[] mine, Condition[] others) => mine.Length == 0 || mine.All(others.Contains);

    private static bool Differ(Condition[] mine, Condition[] others) =>
        mine.Length > 0 && mine.Any(condition => others.Any(other => other.IsOfName(condition) && !other.Equals(condition)));

    // A field that comes twice could be read in two ways by whoever stands behind.
    private static bool HasOnce(HeaderList fields, Condition condition)
    {
        var at = condition.Known == KnownHeader.Other ? fields.Find(condition.Name) : fields.Find(condition.Known);
        return at >= 0 && fields.Value(at).SequenceEqual(condition.Value)
            && (condition.Known == KnownHeader.Other ? fields.Find(condition.Name, at + 1) : fields.Find(condition.Known, at + 1)) < 0;
    }

    private sealed class Condition(string name, string value) : IEquatable<Condition>
    {
        public byte[] Name { get; } = Encoding.UTF8.GetBytes(name);

        public byte[] Value { get; } = Encoding.UTF8.GetBytes(value);

        public KnownHeader Known { get; } = KnownHeaders.Find(Encoding.UTF8.GetBytes(name));

        public bool IsOfName(Condition other) => Name.AsSpan().SequenceEqual(other.Name);

        public bool Equals(Condition? other) => other is not null && IsOfName(other) && Value.AsSpan().SequenceEqual(other.Value);

        public override bool Equals(object? obj) => Equals(obj as Condition);

        public override int GetHashCode() => Name.Length + Value.Length;

        public override string ToString() => $"{Encoding.UTF8.GetString(Name)}: {Encoding.UTF8.GetString(Value)}";
    }
}
