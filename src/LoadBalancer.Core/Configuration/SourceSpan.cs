namespace LoadBalancer.Configuration;

/// <summary>Where a value starts in a file that was read.</summary>
/// <param name="File">The file's path as the operator gave it.</param>
/// <param name="Line">Its line, from 1; 0 where the whole file is meant.</param>
/// <param name="Column">Its column in UTF-16 units, from 1; 0 where the whole file is meant.</param>
public readonly record struct SourceSpan(string File, int Line, int Column)
{
    /// <summary>A file as a whole, for what has no line: it is missing, or a key that it needs is.</summary>
    public static SourceSpan Whole(string file) => new(file, 0, 0);

    /// <summary><c>lb.yaml:12:7</c>, the form that editors and terminals turn into a link.</summary>
    public override string ToString() => Line == 0 ? File : string.Create(null, $"{File}:{Line}:{Column}");
}
