using System.Buffers;
using System.Globalization;
using System.Text;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Caching;

/// <summary>What an exchange has to do with the cache: what was looked for, and what passes and is to be kept. Pooled with its exchange; touched only on its loop.</summary>
internal sealed class CacheWork
{
    // What frames a message or is about a connection is never kept, and an age is computed anew. "Other" is no field.
    private static readonly ulong NotKept = HeaderList.SetOf(
        KnownHeader.Connection, KnownHeader.ContentLength, KnownHeader.TransferEncoding, KnownHeader.KeepAlive, KnownHeader.ProxyConnection, KnownHeader.Te,
        KnownHeader.Trailer, KnownHeader.Upgrade, KnownHeader.ProxyAuthenticate, KnownHeader.SetCookie);

    private readonly BodyRecorder _body = new();
    private CacheStore _store = null!;
    private Slice _key;
    private byte[] _storedKey = [];
    private ulong _storedHash;
    private (byte[] Bytes, HeaderField[] Fields) _head;
    private StoragePlan _plan;
    private byte[] _place = [];
    private ulong _primary;
    private CachedResponse? _held;
    private int _status;
    private long _receivedAt;

    /// <summary>What came of looking for an answer.</summary>
    public CacheLookup Lookup { get; private set; }

    /// <summary>The numbers of the response's tags; null where it has too many to be kept.</summary>
    public ulong[]? Tags { get; set; } = [];

    /// <summary>When it was looked for, by the clock of durations.</summary>
    public long AskedAt { get; private set; }

    /// <summary>Nobody looks for an answer.</summary>
    public void Pass(CacheLookup lookup) => Lookup = lookup;

    /// <summary>A long body that is kept is sent: it counts until that is done.</summary>
    public void Hold(CacheStore store, CachedResponse response)
    {
        Release();
        (_store, _held) = (store, response);
        CacheStore.Hold(response);
    }

    /// <summary>It was looked for.</summary>
    /// <param name="store">Where.</param>
    /// <param name="key">By what, without what answers vary on; in the request's fields.</param>
    /// <param name="lookup">What came of it.</param>
    /// <param name="askedAt">When.</param>
    public void Look(CacheStore store, Slice key, CacheLookup lookup, long askedAt) => (_store, _key, Lookup, AskedAt) = (store, key, lookup, askedAt);

    /// <summary>Begins to keep the response of the exchange, whose head is there and whose body is to pass.</summary>
    /// <param name="exchange">The exchange.</param>
    /// <param name="plan">That it is kept, and how long it is fresh.</param>
    /// <param name="receivedAt">When its head came, by the clock of durations.</param>
    public void Keep(Exchange exchange, in StoragePlan plan, long receivedAt)
    {
        var (request, response) = (exchange.Request.Fields, exchange.Response);
        var key = _key;
        VaryNames.TryCount(response.Fields, out var count);
        _place = [.. exchange.Request.Host, .. exchange.Request.Path];
        _primary = _store.HashOf(key.Of(request));
        if (count > 0)
        {
            var names = VaryNames.Of(response.Fields, count);
            var primary = key.Of(request).ToArray();
            if (_store.Peek(primary, _primary) is not VaryEntry vary || !vary.Has(names))
            {
                _store.Add(new VaryEntry(primary, _primary, names) { Place = _place, Primary = _primary });
            }

            key = CacheKeys.WriteVaried(request, key, names);
        }

        if (response.Fields.Find(KnownHeader.Date) < 0)
        {
            // Whoever keeps a response without one says when it came (RFC 9110 section 6.6.1).
            Span<byte> date = stackalloc byte[32];
            exchange.Proxy.Time.GetUtcNow().TryFormat(date, out var length, "r", CultureInfo.InvariantCulture);
            response.Fields.AddOwn(KnownHeader.Date, "Date"u8, date[..length]);
        }

        _storedKey = key.Of(request).ToArray();
        _storedHash = _store.HashOf(_storedKey);
        _head = response.Fields.Save(NotKept, "age"u8);
        (_plan, _status, _receivedAt) = (plan, response.Status, receivedAt);
        _body.Begin(_store, response.Framing switch
        {
            BodyFraming.Length => response.ContentLength,
            BodyFraming.None => 0,
            _ => -1,
        }, _store.MostBody);
    }

    /// <summary>Bytes of the response's body pass.</summary>
    public void Write(in ReadOnlySequence<byte> data)
    {
        if (_body.IsRecording)
        {
            _body.Write(data);
        }
    }

    /// <summary>The body has passed, and it was whole: the response is kept.</summary>
    public void End()
    {
        if (_body.TryTake(out var body))
        {
            var tag = ValueOf("etag"u8);
            _store.Add(new CachedResponse(_storedKey, _storedHash, _head.Bytes, _head.Fields, body)
            {
                Place = _place,
                Primary = _primary,
                Tags = Tags ?? [],
                Status = _status,
                AskedAt = AskedAt,
                ReceivedAt = _receivedAt,
                Age = _plan.Age,
                Lifetime = _plan.Lifetime,
                Tag = tag,
                ModifiedAt = HttpDate.TryParse(Text(ValueOf("last-modified"u8)), out var modified) ? modified : -1,
            });
            Forget();
        }
    }

    /// <summary>It has nothing more to do with the cache; what came of looking is still known.</summary>
    public void Forget()
    {
        _body.Stop();
        (_head, _storedKey, _place, Tags) = (default, [], [], []);
        Release();

        // Exchanges are used again for ever, and a store may go.
        _store = null!;
    }

    /// <summary>It had nothing to do with the cache.</summary>
    public void Reset()
    {
        Forget();
        Lookup = CacheLookup.None;
    }

    private void Release()
    {
        if (_held is { } held)
        {
            _held = null;
            _store.Release(held);
        }
    }

    private ReadOnlySpan<byte> Text(Slice slice) => _head.Bytes.AsSpan(slice.Start, slice.Length);

    private Slice ValueOf(ReadOnlySpan<byte> name)
    {
        foreach (ref readonly var field in _head.Fields.AsSpan())
        {
            if (Ascii.EqualsIgnoreCase(_head.Bytes.AsSpan(field.NameStart, field.NameLength), name))
            {
                return new Slice(field.ValueStart, field.ValueLength);
            }
        }

        return default;
    }
}
