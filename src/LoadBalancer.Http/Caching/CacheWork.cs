// One file, because what is looked for, asked, kept and told to those who wait are steps of one exchange on one state.
using System.Buffers;
using System.Globalization;
using System.Text;
using LoadBalancer.Faults;
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
    private SharedFetch? _fetch;
    private Slice _key;
    private Slice _sought;
    private ulong _soughtHash;
    private long _alone;
    private readonly List<int> _hidden = [];
    private int _own;
    private bool _validates;
    private bool _spares;
    private byte[] _storedKey = [];
    private ulong _storedHash;
    private (byte[] Bytes, HeaderField[] Fields) _head;
    private StoragePlan _plan;
    private CacheDirectives _directives;
    private byte[] _place = [];
    private ulong _primary;
    private CachedResponse? _held;
    private int _status;
    private long _receivedAt;

    /// <summary>What came of looking for an answer.</summary>
    public CacheLookup Lookup { get; private set; }

    /// <summary>The numbers of the response's tags; null where it has too many to be kept.</summary>
    public ulong[]? Tags { get; set; } = [];

    /// <summary>When it was looked for, or an endpoint was asked for it, by the clock of durations.</summary>
    public long AskedAt { get; private set; }

    /// <summary>True where another exchange may have the same answer, so that one is enough to ask for it.</summary>
    public bool IsShareable { get; set; }

    /// <summary>By what the endpoint could know the client.</summary>
    public Credentials Credentials { get; private set; }

    /// <summary>What is kept of it, and was looked for; null for nothing.</summary>
    public CachedResponse? Kept { get; private set; }

    /// <summary>The status of the endpoint's answer that nobody got, because what is kept is better; 0 where there was none.</summary>
    public int WithheldStatus { get; private set; }

    /// <summary>Why what is kept was sent though it is stale.</summary>
    public Fault Failure { get; set; }

    /// <summary>True where an endpoint is asked for an answer that could have been kept.</summary>
    public bool IsFetch => Lookup is CacheLookup.Miss or CacheLookup.VaryMiss or CacheLookup.Stale;

    /// <summary>Nobody looks for an answer; or one is there.</summary>
    public void Pass(CacheLookup lookup) => Lookup = lookup;

    /// <summary>A long body that is kept is sent: it counts until that is done.</summary>
    public void Hold(CacheStore store, CachedResponse response)
    {
        EndHold();
        (_store, _held) = (store, response);
        CacheStore.Hold(response);
    }

    /// <summary>It is looked for.</summary>
    /// <param name="store">Where.</param>
    /// <param name="key">By what, without what answers vary on; in the request's fields.</param>
    /// <param name="credentials">By what the endpoint could know the client.</param>
    /// <param name="askedAt">When.</param>
    /// <param name="alone">For how long nobody waits for an answer that was for one alone, by the clock of durations.</param>
    public void Look(CacheStore store, Slice key, Credentials credentials, long askedAt, long alone) =>
        (_store, _key, Credentials, IsShareable, AskedAt, _alone) = (store, key, credentials, false, askedAt, alone);

    /// <summary>What is kept for the exchange, fresh or not; null for nothing. It may be looked for again.</summary>
    /// <param name="exchange">The exchange.</param>
    /// <param name="counts">True where it counts as asked for.</param>
    public CachedResponse? Find(Exchange exchange, bool counts)
    {
        var fields = exchange.Request.Fields;
        Lookup = CacheLookup.Miss;
        _sought = _key;
        var found = Find(fields, counts);
        if (found is VaryEntry vary)
        {
            Lookup = CacheLookup.VaryMiss;
            _sought = CacheKeys.WriteVaried(fields, _key, vary.Names);
            found = Find(fields, counts);
        }

        if ((Kept = found as CachedResponse) is not null)
        {
            Lookup = CacheLookup.Stale;
        }

        return Kept;
    }

    /// <summary>What was found is not for this exchange.</summary>
    public void Decline() => (Lookup, Kept) = (CacheLookup.Miss, null);

    /// <summary>Asks in the background for what another exchange has found to be stale; false where somebody asks for it already.</summary>
    /// <param name="other">What that one has to do with the cache; its request's fields are the same.</param>
    /// <param name="request">Those fields.</param>
    /// <param name="now">By the clock of durations.</param>
    public bool TryRefresh(CacheWork other, HeaderList request, long now)
    {
        (_store, _key, _sought, _soughtHash, _alone, Kept) = (other._store, other._key, other._sought, other._soughtHash, other._alone, other.Kept);
        (IsShareable, Lookup, Credentials) = (true, CacheLookup.Stale, other.Credentials);
        return _store.FetchesOf(_soughtHash).Join(_sought.Of(request), _soughtHash, loop: null, now, out _fetch, out _) == FetchEnd.Lead;
    }

    /// <summary>
    /// An endpoint is about to be asked. Whether it is asked for all of it, or for what has changed since it was kept, is lb's to say where others want the answer too: the
    /// client's own conditions stand aside meanwhile, and what comes is measured by them afterwards.
    /// </summary>
    /// <param name="request">The request's fields.</param>
    /// <param name="now">By the clock of durations: what has changed before then is in the answer.</param>
    /// <param name="validates">True where what is kept is asked about.</param>
    /// <param name="spares">True where what is kept is better than an error.</param>
    public void BeginAsking(HeaderList request, long now, bool validates, bool spares)
    {
        (AskedAt, WithheldStatus, _own, _spares) = (now, 0, request.Count, spares);
        _validates = validates && Kept is { HasValidator: true };
        if (!_validates && _fetch is null)
        {
            return;
        }

        for (var at = 0; at < _own; at++)
        {
            if (IsCondition(request[at]))
            {
                request.RemoveAt(at);
                _hidden.Add(at);
            }
        }

        if (_validates && Kept!.TagText is { Length: > 0 } tag)
        {
            request.AddOwn(KnownHeader.IfNoneMatch, "If-None-Match"u8, tag);
        }

        if (_validates && Kept!.ModifiedText is { Length: > 0 } modified)
        {
            request.AddOwn(KnownHeader.IfModifiedSince, "If-Modified-Since"u8, modified);
        }
    }

    /// <summary>It was asked, and the client's conditions are in their place again.</summary>
    public void EndAsking(HeaderList request)
    {
        for (var at = _own; at < request.Count; at++)
        {
            if (IsCondition(request[at]))
            {
                request.RemoveAt(at);
            }
        }

        foreach (var at in _hidden)
        {
            request.Restore(at);
        }

        _hidden.Clear();
        _validates = _spares = false;
    }

    /// <summary>True where the client does not get this answer of an endpoint, but what is kept.</summary>
    public bool Withholds(ResponseHead response)
    {
        var withholds = (_validates && response.Status == 304) || (_spares && response.Status >= 500);
        WithheldStatus = withholds ? response.Status : 0;
        return withholds;
    }

    /// <summary>Wants what was not found: leads a fetch of it, or waits for another one's.</summary>
    public FetchEnd Join(Exchange exchange, long now, out FetchWait? wait)
    {
        var end = _store.FetchesOf(_soughtHash).Join(_sought.Of(exchange.Request.Fields), _soughtHash, exchange.Loop, now, out var fetch, out wait);
        _fetch = fetch;
        return end;
    }

    /// <summary>Leads a fetch that another one has passed on.</summary>
    public void Lead(SharedFetch fetch) => _fetch = fetch;

    /// <summary>What it asks for is there already: whoever waits looks again.</summary>
    public void Release() => Take()?.Release();

    /// <summary>What it asks for is for nobody else; see <see cref="SharedFetch.Refuse"/>.</summary>
    public void Refuse(long now) => Take()?.Refuse(now + _alone);

    /// <summary>The answer says nothing of what others would get: one of those who wait asks once more, and if that one gets no other, each asks for itself.</summary>
    public void Doubt(long now)
    {
        if (Take() is { } fetch && !fetch.TryAgain())
        {
            fetch.Refuse(now + _alone);
        }
    }

    /// <summary>Asking has failed, for whoever waits too; where the endpoint has answered with an error, which this exchange's words may have caused, when one more has got one.</summary>
    public void Fail(Fault fault)
    {
        if (Take() is { } fetch && !(fault.Kind == FaultKind.BadStatus && fetch.TryAgain()))
        {
            fetch.Fail(fault);
        }
    }

    /// <summary>It asks no longer, which says nothing about the endpoint.</summary>
    public void PassOn() => Take()?.PassOn();

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
        if (_fetch is not null && !_fetch.IsFor(_storedKey))
        {
            // It varies, which nobody knew: those who wait look again by what it varies on, and wait for this one or lead their own.
            _store.FetchesOf(_storedHash).Join(_storedKey, _storedHash, loop: null, receivedAt, out var narrower, out _);
            Release();
            _fetch = narrower;
        }

        _head = response.Fields.Save(NotKept, "age"u8);
        (_plan, _status, _receivedAt, _directives) = (plan, response.Status, receivedAt, CacheDirectives.Of(response.Fields));
        _body.Begin(_store, exchange.Proxy.Engine.On(exchange.Loop).Recordings, response.Framing switch
        {
            BodyFraming.Length => response.ContentLength,
            BodyFraming.None => 0,
            _ => -1,
        }, _store.MostBody);
    }

    /// <summary>True where the body that passes, or is to, is kept as far as is known.</summary>
    public bool IsKeeping => _body.IsRecording;

    /// <summary>Bytes of the response's body pass.</summary>
    public void Write(in ReadOnlySequence<byte> data)
    {
        if (_body.IsRecording)
        {
            _body.Write(data);
            if (!_body.IsRecording)
            {
                Refuse(_receivedAt);
            }
        }
    }

    /// <summary>The body has passed, and it was whole: the response is kept.</summary>
    public void End()
    {
        if (_body.TryTake(out var body))
        {
            Store(body);
        }
    }

    /// <summary>Keeps the response that <see cref="Keep"/> has begun with, with this body.</summary>
    /// <param name="body">The body.</param>
    /// <param name="same">What was kept and has the same body; null for nothing.</param>
    public CachedResponse Store(in ReadOnlySequence<byte> body, CachedResponse? same = null)
    {
        var response = new CachedResponse(_storedKey, _storedHash, _head.Bytes, _head.Fields, body)
        {
            Place = _place,
            Primary = _primary,
            Tags = Tags ?? [],
            Readers = same?.Hash == _storedHash ? same.Readers : new(),
            Status = _status,
            AskedAt = AskedAt,
            ReceivedAt = _receivedAt,
            Age = _plan.Age,
            Lifetime = _plan.Lifetime,
            IsForAll = _plan.IsForAll,
            Tag = ValueOf("etag"u8),
            Modified = ValueOf("last-modified"u8),
            MustRevalidate = _directives.NoCache || _directives.MustRevalidate || _directives.ProxyRevalidate || _directives.SharedMaxAge != CacheDirectives.Unsaid,
            StaleWhileRevalidate = _directives.StaleWhileRevalidate,
            StaleIfError = _directives.StaleIfError,
            ModifiedAt = HttpDate.TryParse(Text(ValueOf("last-modified"u8)), out var modified) ? modified : -1,
        };
        _store.Add(response);
        if (Take() is { } fetch)
        {
            fetch.Keep(response);
        }
        else if (_plan.Lifetime > _plan.Age)
        {
            _store.FetchesOf(_storedHash).Clear(_storedHash);
        }

        _body.Stop();
        (_head, _storedKey, _place, Tags) = (default, [], [], []);
        return response;
    }

    /// <summary>It has nothing more to do with the cache; what came of looking is still known.</summary>
    public void Forget()
    {
        PassOn();
        _body.Stop();
        (_head, _storedKey, _place, Tags, Kept) = (default, [], [], [], null);
        _hidden.Clear();
        _validates = _spares = false;
        EndHold();

        // Exchanges are used again for ever, and a store may go.
        _store = null!;
    }

    /// <summary>It had nothing to do with the cache.</summary>
    public void Reset()
    {
        Forget();
        (Lookup, WithheldStatus, Failure) = (CacheLookup.None, 0, default);
    }

    private static bool IsCondition(in HeaderField field) => !field.Removed && field.Known is (KnownHeader.IfNoneMatch or KnownHeader.IfModifiedSince);

    private void EndHold()
    {
        if (_held is { } held)
        {
            _held = null;
            _store.Release(held);
        }
    }

    private SharedFetch? Take()
    {
        var fetch = _fetch;
        _fetch = null;
        return fetch;
    }

    private CacheEntry? Find(HeaderList fields, bool counts)
    {
        var key = _sought.Of(fields);
        _soughtHash = _store.HashOf(key);
        return counts ? _store.Find(key, _soughtHash) : _store.Peek(key, _soughtHash);
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
