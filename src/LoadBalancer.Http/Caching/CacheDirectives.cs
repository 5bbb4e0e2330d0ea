using System.Buffers.Text;
using System.Text;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Caching;

/// <summary>
/// What Cache-Control says (RFC 9111 section 5.2), of all its lines together. What could be read in two ways is read in the stricter one: of a number that
/// is said twice the smaller counts, one that is none is zero, <c>private</c> or <c>no-cache</c> for some fields are for the whole response, and of what nobody can read it is thought that it forbids.
/// </summary>
internal readonly struct CacheDirectives
{
    /// <summary>A number of seconds that is not said.</summary>
    public const long Unsaid = -1;

    private const long MostSeconds = int.MaxValue;

    private CacheDirectives(bool isSaid)
    {
        IsSaid = isSaid;
        MaxAge = SharedMaxAge = StaleWhileRevalidate = StaleIfError = Unsaid;
    }

    /// <summary>True where there is such a field at all.</summary>
    public bool IsSaid { get; }

    /// <summary>Nobody keeps it.</summary>
    public bool NoStore { get; private init; }

    /// <summary>Nobody uses it without asking.</summary>
    public bool NoCache { get; private init; }

    /// <summary>It is for one user.</summary>
    public bool Private { get; private init; }

    /// <summary>It is for everybody, be it that the request had an Authorization.</summary>
    public bool Public { get; private init; }

    /// <summary>Nobody uses it when it is stale.</summary>
    public bool MustRevalidate { get; private init; }

    /// <summary>The same, for caches that are shared.</summary>
    public bool ProxyRevalidate { get; private init; }

    /// <summary>For how long it is fresh, in seconds.</summary>
    public long MaxAge { get; private init; }

    /// <summary>The same in caches that are shared: <c>s-maxage</c>.</summary>
    public long SharedMaxAge { get; private init; }

    /// <summary>For how long it may be used when stale while it is asked for anew (RFC 5861), in seconds.</summary>
    public long StaleWhileRevalidate { get; private init; }

    /// <summary>The same where asking fails.</summary>
    public long StaleIfError { get; private init; }

    /// <summary>Reads them.</summary>
    public static CacheDirectives Of(HeaderList fields)
    {
        var at = fields.Find(KnownHeader.CacheControl);
        var directives = new CacheDirectives(at >= 0);
        for (; at >= 0; at = fields.Find(KnownHeader.CacheControl, at + 1))
        {
            for (var rest = fields.Value(at); TryNext(ref rest, out var name, out var value, out var hasValue, out var isReadable);)
            {
                directives = directives.With(name, value, hasValue);
                directives = isReadable ? directives : directives with { NoStore = true };
            }
        }

        return directives;
    }

    /// <summary>A number of seconds: 0 for what is none, and what does not fit is as good as for ever (RFC 9111 section 1.2.2).</summary>
    public static long SecondsOf(ReadOnlySpan<byte> text) =>
        text.Length == 0 || text.ContainsAnyExceptInRange((byte)'0', (byte)'9') ? 0
        : Utf8Parser.TryParse(text, out long number, out _) ? Math.Min(number, MostSeconds) : MostSeconds;

    private static bool TryNext(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value, out bool hasValue, out bool isReadable)
    {
        rest = rest.TrimStart(", \t"u8);
        var length = FieldText.TokenLength(rest);
        isReadable = length > 0;
        name = rest[..length];
        value = default;
        hasValue = false;
        var after = rest[length..];
        if (length > 0 && after.Length > 0 && after[0] == '=')
        {
            hasValue = true;
            after = after[1..];
            if (after.Length > 0 && after[0] == '"')
            {
                var end = 1;
                while (end < after.Length && after[end] != '"')
                {
                    end += after[end] == '\\' ? 2 : 1;
                }

                isReadable = end < after.Length;
                value = after[1..Math.Min(end, after.Length)];
                after = after[Math.Min(end + 1, after.Length)..];
            }
            else
            {
                value = after[..FieldText.TokenLength(after)];
                after = after[value.Length..];
            }
        }

        // Behind a semicolon, where somebody has taken it for a comma, could be what matters most.
        var comma = after.IndexOf((byte)',');
        isReadable &= FieldText.Trim(comma < 0 ? after : after[..comma]).IsEmpty;
        var wasThere = rest.Length > 0;
        rest = comma < 0 ? default : after[(comma + 1)..];
        return wasThere;
    }

    private static bool Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> known) => Ascii.EqualsIgnoreCase(name, known);

    private static long Least(long before, ReadOnlySpan<byte> value) => before == Unsaid ? SecondsOf(value) : Math.Min(before, SecondsOf(value));

    private CacheDirectives With(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, bool hasValue) =>
        Is(name, "max-age"u8) ? this with { MaxAge = Least(MaxAge, value) }
        : Is(name, "s-maxage"u8) ? this with { SharedMaxAge = Least(SharedMaxAge, value) }
        : Is(name, "no-store"u8) ? this with { NoStore = true }
        : Is(name, "no-cache"u8) ? this with { NoCache = true }
        : Is(name, "private"u8) ? this with { Private = true }
        : Is(name, "public"u8) && !hasValue ? this with { Public = true }
        : Is(name, "must-revalidate"u8) ? this with { MustRevalidate = true }
        : Is(name, "proxy-revalidate"u8) ? this with { ProxyRevalidate = true }
        : Is(name, "stale-while-revalidate"u8) ? this with { StaleWhileRevalidate = Least(StaleWhileRevalidate, value) }
        : Is(name, "stale-if-error"u8) ? this with { StaleIfError = Least(StaleIfError, value) }
        : this;
}
