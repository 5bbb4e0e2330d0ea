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

    private readonly int[] _captured;

    private PathPattern(string text, PathForm form, PathSegment[] segments, Regex? regex = null)
    {
        Text = text;
        Form = form;
        Segments = segments;
        Regex = regex;
        _captured = Array.Exists(segments, segment => segment.IsCaptured) ? [.. Enumerable.Range(0, segments.Length).Where(at => segments[at].IsCaptured)] : [];
        Literals = segments.Length - _captured.Length;
        Captures = _captured.Length == 0 ? [] : [.. _captured.Select(at => segments[at].Literal)];
    }

    /// <summary>Every path.</summary>
    public static PathPattern Any { get; } = new("", PathForm.Any, []);

    /// <summary>The pattern as the file has it.</summary>
    public string Text { get; }

    /// <summary>What kind it is.</summary>
    public PathForm Form { get; }

    /// <summary>Its segments, for a prefix without the star; empty for a regular expression. The last is empty where the path ends with a slash.</summary>
    public IReadOnlyList<PathSegment> Segments { get; }

    /// <summary>How many segments are literal.</summary>
    public int Literals { get; }

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

        var parts = text[1..].Split('/');
        var isPrefix = parts[^1] == "*";
        var segments = new PathSegment[isPrefix ? parts.Length - 1 : parts.Length];
        fault = segments.Length > PathLimits.MostSegments ? $"it has more than {PathLimits.MostSegments} segments" : null;
        for (var at = 0; at < segments.Length && fault is null; at++)
        {
            fault = ReadSegment(parts[at], isLast: at == parts.Length - 1, out segments[at]);
        }

        // Of most paths nothing is captured, and there may be thousands.
        string[] names = Array.Exists(segments, segment => segment.IsCaptured) ? [.. segments.Where(segment => segment.IsCaptured).Select(segment => segment.Literal)] : [];
        fault ??= names.Length == 0 ? null : names.Length > PathLimits.MostCaptures ? $"it captures more than {PathLimits.MostCaptures} segments"
            : names.GroupBy(name => name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice ? $"{{{twice.Key}}} stands in it twice"
            : null;
        if (fault is null && !(isPrefix && segments.Length == 0))
        {
            pattern = new PathPattern(text, isPrefix ? PathForm.Prefix : names.Length > 0 ? PathForm.Template : PathForm.Exact, segments);
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
            pattern = Expressions.GetValue(text, _ => new PathPattern(text, PathForm.Regex, [], regex));
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
        var (mine, others) = (Segments.Count, other.Segments.Count);
        if ((mine < others && !isPrefix) || (mine > others && !otherIsPrefix))
        {
            return false;
        }

        for (var at = 0; at < Math.Min(mine, others); at++)
        {
            var (left, right) = (Segments[at], other.Segments[at]);
            var fits = left.IsCaptured
                ? right.IsCaptured || right.Literal.Length > 0
                : right.IsCaptured ? left.Literal.Length > 0 : left.Literal == right.Literal;
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

        if (Form == PathForm.Regex || other.Form is PathForm.Regex or PathForm.Any || Segments.Count > other.Segments.Count
            || (Form != PathForm.Prefix && (Segments.Count != other.Segments.Count || other.Form == PathForm.Prefix)))
        {
            return false;
        }

        for (var at = 0; at < Segments.Count; at++)
        {
            var (mine, its) = (Segments[at], other.Segments[at]);
            if (mine.IsCaptured ? !its.IsCaptured && its.Literal.Length == 0 : its.IsCaptured || mine.Literal != its.Literal)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>True where both mean the same paths, whatever they call what they capture.</summary>
    public bool MeansSameAs(PathPattern other)
    {
        if (Form != other.Form || (Form != PathForm.Regex && Segments.Count != other.Segments.Count))
        {
            return false;
        }

        if (Form == PathForm.Regex)
        {
            return Text == other.Text;
        }

        for (var at = 0; at < Segments.Count; at++)
        {
            var (mine, its) = (Segments[at], other.Segments[at]);
            if (mine.IsCaptured != its.IsCaptured || (!mine.IsCaptured && mine.Literal != its.Literal))
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
        : Form == PathForm.Prefix && Segments.Count != other.Segments.Count ? other.Segments.Count.CompareTo(Segments.Count)
        : other.Literals.CompareTo(Literals) is var literals && Form is PathForm.Template or PathForm.Prefix ? literals : 0;

    /// <summary>Notes where the captured segments of a path lie that this pattern fits.</summary>
    public void Capture(RequestHead head, Span<Slice> captures)
    {
        if (_captured.Length == 0)
        {
            return;
        }

        var path = head.Path;
        var from = 1;
        var found = 0;
        for (var segment = 0; found < _captured.Length; segment++)
        {
            var length = path[from..].IndexOf((byte)'/');
            length = length < 0 ? path.Length - from : length;
            if (_captured[found] == segment)
            {
                captures[found++] = new Slice(head.PathSlice.Start + from, length);
            }

            from += length + 1;
        }
    }

    private static string? ReadSegment(string text, bool isLast, out PathSegment segment)
    {
        segment = new PathSegment(text, false);
        if (text.StartsWith('{') && text.EndsWith('}') && text.Length > 2)
        {
            segment = new PathSegment(text[1..^1], true);
            return CaptureName.IsMatch(segment.Literal) ? null : $"the name in '{text}' is letters, digits and '_'";
        }

        if (text.AsSpan().ContainsAny('{', '}'))
        {
            return $"'{text}': braces stand around a whole segment, as in /trips/{{id}}; for less there is path_regex";
        }

        if (text.Contains('*', StringComparison.Ordinal))
        {
            return "'*' is the whole last segment, as in /users/*; for more there is path_regex";
        }

        if (text.AsSpan().ContainsAny('?', '#'))
        {
            return "a path ends before '?' and '#'; for parameters there is 'query'";
        }

        if (text.Length == 0)
        {
            return isLast ? null : "slashes in a row are one by the time that a path is compared";
        }

        // What a client may send in other forms arrives here in one, and a text of another form would be met by no request.
        var encoded = Ascii.IsValid(text) ? text : string.Concat(text.Select(letter => letter > 127 ? Uri.EscapeDataString($"{letter}") : $"{letter}"));
        Span<byte> bytes = encoded.Length < MostOnStack ? stackalloc byte[MostOnStack] : new byte[encoded.Length + 1];
        bytes[0] = (byte)'/';
        bytes = bytes[..(1 + Encoding.ASCII.GetBytes(encoded, bytes[1..]))];
        var most = CanonicalPath.MostLength(bytes);
        Span<byte> canonical = most <= MostOnStack ? stackalloc byte[MostOnStack] : new byte[most];
        if (!CanonicalPath.TryWrite(bytes, canonical, out var length) || length < 2)
        {
            return $"no path that is let pass has the segment '{text}'";
        }

        if (canonical[..length].SequenceEqual(bytes) && ReferenceEquals(encoded, text))
        {
            return null;
        }

        var form = Encoding.ASCII.GetString(canonical[1..length]);
        return form == text ? null : $"paths are compared in one form, in which '{text}' is '{form}': write that";
    }
}
