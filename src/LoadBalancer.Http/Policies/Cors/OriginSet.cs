using System.Text;

namespace LoadBalancer.Http.Policies.Cors;

/// <summary>Origins, exact or by the suffix of their host. Immutable and thread-safe.</summary>
internal sealed class OriginSet
{
    private readonly byte[][] _exact;
    private readonly Suffix[] _suffixes;

    /// <summary>The origins of a file, see <see cref="OriginKind"/>.</summary>
    public OriginSet(IReadOnlyCollection<string> origins)
    {
        HasAll = origins.Contains(OriginKind.Any);
        _exact = [.. origins.Where(origin => !origin.Contains('*', StringComparison.Ordinal)).Select(Encoding.ASCII.GetBytes)];
        _suffixes = [.. origins.Where(origin => origin != OriginKind.Any && origin.Contains('*', StringComparison.Ordinal)).Select(origin => new Suffix(origin))];
    }

    /// <summary>True where every origin is meant.</summary>
    public bool HasAll { get; }

    /// <summary>True where this origin, as a browser wrote it, is meant by its name; <c>null</c> never is.</summary>
    public bool Contains(ReadOnlySpan<byte> origin)
    {
        foreach (var exact in _exact)
        {
            if (origin.SequenceEqual(exact))
            {
                return true;
            }
        }

        foreach (var suffix in _suffixes)
        {
            if (suffix.Fits(origin))
            {
                return true;
            }
        }

        return false;
    }

    // "https://*.example.com:8443" begins with "https://", ends with ".example.com:8443", and has labels between.
    private sealed class Suffix(string pattern)
    {
        private readonly byte[] _start = Encoding.ASCII.GetBytes(pattern[..pattern.IndexOf('*', StringComparison.Ordinal)]);
        private readonly byte[] _end = Encoding.ASCII.GetBytes(pattern[(pattern.IndexOf('*', StringComparison.Ordinal) + 1)..]);

        public bool Fits(ReadOnlySpan<byte> origin)
        {
            if (origin.Length <= _start.Length + _end.Length || !origin.StartsWith(_start) || !origin.EndsWith(_end))
            {
                return false;
            }

            foreach (var letter in origin[_start.Length..^_end.Length])
            {
                if (letter is not ((>= (byte)'a' and <= (byte)'z') or (>= (byte)'0' and <= (byte)'9') or (byte)'-' or (byte)'_' or (byte)'.'))
                {
                    return false;
                }
            }

            return true;
        }
    }
}
