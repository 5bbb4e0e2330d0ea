namespace LoadBalancer.Configuration;

/// <summary>
/// One reading of one configuration: gives keys the text of their scalars and collects everything that is wrong, so that
/// an operator sees all errors at once. Not thread-safe; one per load.
/// </summary>
/// <param name="resolve">Replaces the references in a scalar's text; true for a template, whose variables are left in it.</param>
public sealed class ConfigReader(Func<ScalarNode, bool, ScalarText> resolve)
{
    // Nobody reads further, and a file of garbage has one error for every few bytes.
    private const int MostErrors = 100;

    private readonly List<ConfigError> _errors = [];
    private readonly List<ConfigError> _warnings = [];
    private int _left;
    private (object? Left, object? Right) _equal;

    /// <summary>A reader that takes every text as it is written.</summary>
    public ConfigReader()
        : this((node, _) => new ScalarText(node.Written))
    {
    }

    /// <summary>The errors in the order of their discovery; after the first hundred, one that counts the rest.</summary>
    public IReadOnlyList<ConfigError> Errors =>
        _left == 0 ? _errors : [.. _errors, new ConfigError(SourceSpan.Whole(_errors[0].Place.File), $"{_left} more errors are not shown")];

    /// <summary>True where a further error is only counted, so that what it would say need not be worked out.</summary>
    public bool IsFull => _errors.Count == MostErrors;

    /// <summary>What works but is hardly meant.</summary>
    public IReadOnlyList<ConfigError> Warnings => _warnings;

    /// <summary>How many errors and warnings there were so far, those that are not shown too: whoever reads something sees by it whether anything was wrong.</summary>
    internal int Findings { get; private set; }

    /// <summary>True where a key was read whose text is unknown on purpose: the result is checked, but not fit to run.</summary>
    public bool LeftUnknown { get; private set; }

    /// <summary>Notes an error; the load goes on to find the others.</summary>
    public void Error(SourceSpan place, string message)
    {
        Findings++;
        if (_errors.Count < MostErrors)
        {
            _errors.Add(new ConfigError(place, message));
        }
        else
        {
            _left++;
        }
    }

    /// <summary>Notes what works but is hardly meant.</summary>
    public void Warn(SourceSpan place, string message)
    {
        Findings++;
        if (_warnings.Count < MostErrors)
        {
            _warnings.Add(new ConfigError(place, message));
        }
    }

    /// <summary>The text of <paramref name="node"/>; null where there is none, which was reported or is so on purpose.</summary>
    public string? Text(ScalarNode node) => Text(node, template: false);

    /// <summary>As <see cref="Text(ScalarNode)"/>, for a template: <c>${client_ip}</c> stays in it, and a dollar is <c>$$</c>, also one that a reference brought in.</summary>
    public string? Template(ScalarNode node) => Text(node, template: true);

    /// <summary>True where both are equal: of thousands of items whose defaults are those of one list, only the first has to be looked at.</summary>
    internal bool AreEqual(object left, object right)
    {
        if (ReferenceEquals(left, right) || (ReferenceEquals(left, _equal.Left) && ReferenceEquals(right, _equal.Right)))
        {
            return true;
        }

        var equal = left.Equals(right);
        _equal = equal ? (left, right) : _equal;
        return equal;
    }

    private string? Text(ScalarNode node, bool template)
    {
        var text = resolve(node, template);
        if (text.Fault is { } fault)
        {
            Error(node.Span, fault);
        }
        else if (text.Value is null)
        {
            LeftUnknown = true;
        }

        return text.Value;
    }
}
