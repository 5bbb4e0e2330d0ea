using System.Buffers;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Caching;

/// <summary>A whole response to a GET. Immutable: its body is read by whoever has found it, without a copy, for as long as he likes.</summary>
internal sealed class CachedResponse : CacheEntry
{
    /// <summary>A body that is longer is sent piece by piece as its client takes it, in bytes: it is in memory until then, kept or not.</summary>
    public const int LongBody = 64 * 1024;

    private readonly byte[] _head;
    private readonly HeaderField[] _fields;

    /// <summary>A response.</summary>
    /// <param name="key">What it is found by.</param>
    /// <param name="hash">The key's number.</param>
    /// <param name="head">The bytes of its fields.</param>
    /// <param name="fields">Where they are in those.</param>
    /// <param name="body">Its body.</param>
    public CachedResponse(byte[] key, ulong hash, byte[] head, HeaderField[] fields, in ReadOnlySequence<byte> body)
        : base(key, hash, SizeOf(key, head, fields, body.Length)) => (_head, _fields, Body) = (head, fields, body);

    /// <summary>Who is on his way through its body; only long ones are counted.</summary>
    public BodyReaders Readers { get; init; } = new();

    /// <summary>Its status.</summary>
    public required int Status { get; init; }

    /// <summary>Its body.</summary>
    public ReadOnlySequence<byte> Body { get; }

    /// <summary>When the request that it answers came, by the clock of durations: what was changed since is not in it.</summary>
    public required long AskedAt { get; init; }

    /// <summary>When its head came, by the same clock.</summary>
    public required long ReceivedAt { get; init; }

    /// <summary>How old it was then, in seconds.</summary>
    public required long Age { get; init; }

    /// <summary>For how long it is fresh from when it was made, in seconds.</summary>
    public required long Lifetime { get; init; }

    /// <summary>True where it says that it is for all, be they known to the endpoint or not.</summary>
    public required bool IsForAll { get; init; }

    /// <summary>Where its ETag is; of no length where it has none.</summary>
    public required Slice Tag { get; init; }

    /// <summary>Its Last-Modified, in seconds since 1970; negative where it has none.</summary>
    public required long ModifiedAt { get; init; }

    /// <summary>The numbers of its tags: <see cref="CacheTags"/>.</summary>
    public required ulong[] Tags { get; init; }

    /// <summary>Where its Last-Modified is; of no length where it has none.</summary>
    public Slice Modified { get; init; }

    /// <summary>True where nobody may use it when it is no longer fresh (RFC 9111 section 4.2.4).</summary>
    public bool MustRevalidate { get; init; }

    /// <summary>For how long it may be used then while it is asked for anew, as it says itself, in seconds; negative where it says nothing.</summary>
    public long StaleWhileRevalidate { get; init; } = CacheDirectives.Unsaid;

    /// <summary>The same where asking fails.</summary>
    public long StaleIfError { get; init; } = CacheDirectives.Unsaid;

    /// <summary>
    /// When it may be asked for anew in the background, by the clock of durations: not at once after that has failed. The one thing that changes; a loop that does not
    /// see it yet asks once more.
    /// </summary>
    public long RefreshAt { get; set; } = long.MinValue;

    /// <summary>True where its endpoint can be asked whether it is still as good as new.</summary>
    public bool HasValidator => Tag.Length > 0 || Modified.Length > 0;

    /// <summary>Its Last-Modified, as it was said; empty where it has none.</summary>
    public ReadOnlySpan<byte> ModifiedText => _head.AsSpan(Modified.Start, Modified.Length);

    /// <summary>Its ETag; empty where it has none.</summary>
    public ReadOnlySpan<byte> TagText => _head.AsSpan(Tag.Start, Tag.Length);

    /// <summary>Puts its head into the response of an exchange.</summary>
    public void CopyTo(ResponseHead response)
    {
        response.Status = Status;
        response.Fields.Restore(_head, _fields);
    }

    // The key counts twice: about as long is what is known of the place.
    private static long SizeOf(byte[] key, byte[] head, HeaderField[] fields, long body) =>
        Overhead + (key.Length * 2) + head.Length + (fields.Length * System.Runtime.CompilerServices.Unsafe.SizeOf<HeaderField>()) + body + (body / BodyChunk.Most * BodyChunk.Overhead);
}
