using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Routing;

/// <summary>
/// The paths that a route means: the file's <c>path</c> or <c>path_regex</c>, parsed. Literal segments are canonical, as the paths are
/// that they are compared with (<see cref="CanonicalPath"/>). Immutable, thread-safe.
/// </summary>
internal sealed class PathPattern
{
    private const int MostOnStack = 128;

    // A text of the file is checked, compared with others and put to use, and each step asks for its pattern: an expression is dear to build.
    private static readonly ConditionalWeakTable<string, PathPattern> Expressions = [];

    private static readonly Regex CaptureName = new(@"\A[A-Za-z_][A-Za-z0-9_]{0,63}\z");

    // A bit for each segment, the lowest for the first.
    private readonly ulong _captured;
    private readonly byte _segments;

    private PathPattern(string text, PathForm form, int segments = 0, ulong captured = 0, string[]? captures = null, Regex? regex = null)
    {
        Text = text;
        Form = form;
        Regex = regex;
        Captures = captures ?? [];
        _segments = (byte)segments;
        _captured = captured;
    }

    /// <summary>Every path.</summary>
    public static PathPattern Any { get; } = new("", PathForm.Any);

    /// <summary>The pattern as the file has it.</summary>
    public string Text { get; }

    /// <summary>What kind it is.</summary>
    public PathForm Form { get; }

    /// <summary>Its segments, for a prefix without the star; empty for a regular expression. The last is empty where the path ends with a slash.</summary>
    public PathSegments Segments => new(Text, _segments, _captured);

    /// <summary>How many segments are literal.</summary>
    public int Literals => _segments - Captures.Count;

    /// <summary>Which segments are captured: a bit for each, the lowest for the first.</summary>
    public ulong Captured => _captured;

    /// <summary>The names of the captured segments in their order: <see cref="Exchange.Captures"/> has their texts.</summary>
    public IReadOnlyList<string> Captures { get; }

    /// <summary>The regular expression of the whole path; null for the other forms.</summary>
    public Regex? Regex { get; }

    /// <summary>The pattern of a route that was read without an error.</summary>
    public static PathPattern Of(RouteOptions options)
    {
        string? fault = null;
        if (options.Path is { } path && TryParse(path, out var pattern, out fault))
        {
            return pattern;
        }

        return options.Path is null && options.PathRegex is null ? Any
            : options.Path is null && TryParseRegex(options.PathRegex!, out pattern, out fault) ? pattern
            : throw new ArgumentException(fault, nameof(options));
    }

    /// <summary>Reads the file's <c>path</c>; where it is none, <paramref name="fault"/> says what to do about it.</summary>
    public static bool TryParse(string text, out PathPattern pattern, out string? fault)
    {
        pattern = Any;
        if (!text.StartsWith('/'))
        {
            fault = "a path begins with '/'";
            return false;
        }

        // Of most paths nothing is captured, and there may be thousands: nothing is made but the pattern.
        var written = text.AsSpan(1);
        var isPrefix = text.EndsWith("/*", StringComparison.Ordinal);
        var count = written.Count('/') + (isPrefix ? 0 : 1);
        fault = count > PathLimits.MostSegments ? $"it has more than {PathLimits.MostSegments} segments" : null;
        List<string>? names = null;
        var captured = 0ul;
        for (var (at, start) = (0, 0); at < count && fault is null; at++)
        {
            var length = written[start..].IndexOf('/');
            var isLast = length < 0;
            var segment = isLast ? written[start..] : written.Slice(start, length);
            fault = ReadSegment(segment, isLast, out var isCaptured);
            start += length + 1;
            if (isCaptured)
            {
                captured |= 1ul << at;
                (names ??= []).Add(new string(segment[1..^1]));
            }
        }

        fault ??= names is null ? null : names.Count > PathLimits.MostCaptures ? $"it captures more than {PathLimits.MostCaptures} segments"
            : Twice(names) is { } twice ? $"{{{twice}}} stands in it twice"
            : null;
        if (fault is null && !(isPrefix && count == 0))
        {
            pattern = new PathPattern(text, isPrefix ? PathForm.Prefix : names is not null ? PathForm.Template : PathForm.Exact, count, captured, names?.ToArray());
        }

        return fault is null;
    }

    /// <summary>Reads the file's <c>path_regex</c>; where it is none, <paramref name="fault"/> says why.</summary>
    public static bool TryParseRegex(string text, out PathPattern pattern, out string? fault)
    {
        fault = null;
        if (Expressions.TryGetValue(text, out pattern!))
        {
            return true;
        }

        pattern = Any;
        try
        {
            // Without backtracking the time is linear in the path, whatever a client sends.
            var regex = new Regex($@"\A(?:{text})\z", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
            pattern = Expressions.GetValue(text, _ => new PathPattern(text, PathForm.Regex, regex: regex));
        }
        catch (Exception error) when (error is ArgumentException or NotSupportedException)
        {
            fault = error is NotSupportedException ? "it needs backtracking, or is too large: leave out look-around and backreferences, and count less" : error.Message;
        }

        return fault is null;
    }

    /// <summary>True where one path may fit both. Of regular expressions nobody can tell, so it is true where they are not alike.</summary>
    public bool Overlaps(PathPattern other)
    {
        if (Form == PathForm.Any || other.Form == PathForm.Any || Form == PathForm.Regex || other.Form == PathForm.Regex)
        {
            return true;
        }

        var isPrefix = Form == PathForm.Prefix;
        var otherIsPrefix = other.Form == PathForm.Prefix;
        var (mine, others) = (_segments, other._segments);
        if ((mine < others && !isPrefix) || (mine > others && !otherIsPrefix))
        {
            return false;
        }

        var (lefts, rights) = (Segments, other.Segments);
        while (lefts.MoveNext() && rights.MoveNext())
        {
            var (left, right) = (lefts.Current, rights.Current);
            var fits = left.IsCaptured
                ? right.IsCaptured || right.Length > 0
                : right.IsCaptured ? left.Length > 0 : left.MeansSameAs(right);
            if (!fits)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>True where this means every path that the other does; false where nobody can tell, as of a regular expression.</summary>
    public bool Covers(PathPattern other)
    {
        if (Form == PathForm.Any || MeansSameAs(other))
        {
            return true;
        }

        if (Form == PathForm.Regex || other.Form is PathForm.Regex or PathForm.Any || _segments > other._segments
            || (Form != PathForm.Prefix && (_segments != other._segments || other.Form == PathForm.Prefix)))
        {
            return false;
        }

        var (mine, others) = (Segments, other.Segments);
        while (mine.MoveNext() && others.MoveNext())
        {
            var (one, its) = (mine.Current, others.Current);
            if (one.IsCaptured ? !its.IsCaptured && its.Length == 0 : !one.MeansSameAs(its))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>True where both mean the same paths, whatever they call what they capture.</summary>
    public bool MeansSameAs(PathPattern other)
    {
        if (Form != other.Form || (Form != PathForm.Regex && _segments != other._segments))
        {
            return false;
        }

        if (Form == PathForm.Regex)
        {
            return Text == other.Text;
        }

        var (mine, others) = (Segments, other.Segments);
        while (mine.MoveNext() && others.MoveNext())
        {
            if (!mine.Current.MeansSameAs(others.Current))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// Below 0 where this is more specific, above 0 where the other is, 0 where they are of one rank: exact, template with more literal
    /// segments, longer prefix, regular expression, any.
    /// </summary>
    public int CompareRank(PathPattern other) => Form != other.Form
        ? Form.CompareTo(other.Form)
        : Form == PathForm.Prefix && _segments != other._segments ? other._segments.CompareTo(_segments)
        : other.Literals.CompareTo(Literals) is var literals && Form is PathForm.Template or PathForm.Prefix ? literals : 0;

    /// <summary>Notes where the captured segments of a path lie that this pattern fits.</summary>
    public void Capture(RequestHead head, Span<Slice> captures)
    {
        var path = head.Path;
        var from = 1;
        var found = 0;
        for (var left = _captured; left != 0; left >>= 1)
        {
            var length = path[from..].IndexOf((byte)'/');
            length = length < 0 ? path.Length - from : length;
            if ((left & 1) != 0)
            {
                captures[found++] = new Slice(head.PathSlice.Start + from, length);
            }

            from += length + 1;
        }
    }

    private static string? Twice(List<string> names) => names.Find(name => names.IndexOf(name) != names.LastIndexOf(name));

    private static string? ReadSegment(ReadOnlySpan<char> text, bool isLast, out bool isCaptured)
    {
        isCaptured = text.StartsWith('{') && text.EndsWith('}') && text.Length > 2;
        if (isCaptured)
        {
            return CaptureName.IsMatch(text[1..^1]) ? null : $"the name in '{text}' is letters, digits and '_'";
        }

        if (text.ContainsAny('{', '}'))
        {
            return $"'{text}': braces stand around a whole segment, as in /trips/{{id}}; for less there is path_regex";
        }

        if (text.Contains('*'))
        {
            return "'*' is the whole last segment, as in /users/*; for more there is path_regex";
        }

        if (text.ContainsAny('?', '#'))
        {
            return "a path ends before '?' and '#'; for parameters there is 'query'";
        }

        if (text.Length == 0)
        {
            return isLast ? null : "slashes in a row are one by the time that a path is compared";
        }

        // What a client may send in other forms arrives here in one, and a text of another form would be met by no request.
        var isAscii = Ascii.IsValid(text);
        var encoded = isAscii ? text : string.Concat(text.ToArray().Select(letter => letter > 127 ? Uri.EscapeDataString($"{letter}") : $"{letter}"));
        Span<byte> bytes = encoded.Length < MostOnStack ? stackalloc byte[MostOnStack] : new byte[encoded.Length + 1];
        bytes[0] = (byte)'/';
        bytes = bytes[..(1 + Encoding.ASCII.GetBytes(encoded, bytes[1..]))];
        var most = CanonicalPath.MostLength(bytes);
        Span<byte> canonical = most <= MostOnStack ? stackalloc byte[MostOnStack] : new byte[most];
        if (!CanonicalPath.TryWrite(bytes, canonical, out var length) || length < 2)
        {
            return $"no path that is let pass has the segment '{text}'";
        }

        if (canonical[..length].SequenceEqual(bytes) && isAscii)
        {
            return null;
        }

        var form = Encoding.ASCII.GetString(canonical[1..length]);
        return text.SequenceEqual(form) ? null : $"paths are compared in one form, in which '{text}' is '{form}': write that";
    }
}
