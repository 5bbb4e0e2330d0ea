using System.Net.Http.Headers;
using System.Text;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Authentication.Jwt;
using LoadBalancer.Tests;

namespace LoadBalancer.Http.Tests.Authentication.Jwt;

/// <summary>Trap 34: an issuer that is down at the start, that rotates its keys, and that is asked for keys which nobody has.</summary>
internal sealed class JwksSourceTests
{
    private readonly ManualTime _time = new();
    private readonly List<string?> _reports = [];
    private readonly TestIssuer _issuer = new();
    private int _asked;
    private Func<Task<OutboundAnswer>> _answer = null!;
    private JwksSource _source = null!;

    [SetUp]
    public void Begin()
    {
        (_asked, _answer) = (0, () => Task.FromResult(Good(_issuer.Jwks)));
        _reports.Clear();
        var context = new BuildContext
        {
            Time = _time, Loops = 1, Seeds = new Random(1), Connections = null!,
            OnProvider = report =>
            {
                lock (_reports)
                {
                    _reports.Add(report.Failure);
                }
            },
        };
        _source = new JwksSource(
            () =>
            {
                Interlocked.Increment(ref _asked);
                return _answer();
            },
            JwtAlgorithms.OfRsa, new ProviderCondition("riders", context), context);
    }

    [TearDown]
    public void End() => _source.Release();

    [OneTimeTearDown]
    public void EndIssuer() => _issuer.Dispose();

    [Test]
    public async Task Starts_without_the_issuer_and_asks_again_ever_more_seldom()
    {
        _answer = () => Task.FromResult(OutboundAnswer.Failed("connection refused"));
        _source.Acquire();
        await AskedAsync(1);
        Assert.That(_source.Current, Is.Null);

        var asked = 1;
        foreach (var seconds in (double[])[1, 2, 4, 8, 16, 32, 60, 60])
        {
            _time.Advance(TimeSpan.FromSeconds(seconds * 0.99));
            Assert.That(_asked, Is.EqualTo(asked), "not before its time");
            _time.Advance(TimeSpan.FromSeconds(seconds * 0.22));
            await AskedAsync(++asked);
        }

        Assert.That(_reports, Is.EqualTo(new[] { "the issuer's keys cannot be had: connection refused" }), "the same failure is told once");
        _answer = () => Task.FromResult(Good(_issuer.Jwks));
        _time.Advance(TimeSpan.FromSeconds(73));
        await AskedAsync(asked + 1);
        Assert.That(_source.Current!.Keys, Has.Length.EqualTo(1));
        Assert.That(_reports, Is.EqualTo(new[] { "the issuer's keys cannot be had: connection refused", null }));
    }

    [Test]
    public async Task Refreshes_before_the_keys_are_old([Values] bool hasAge)
    {
        var age = hasAge ? TimeSpan.FromMinutes(30) : JwksSource.DefaultAge;
        _answer = () => Task.FromResult(Good(_issuer.Jwks, hasAge ? "max-age=1800" : null));
        _source.Acquire();
        await AskedAsync(1);
        _time.Advance(age * 0.79);
        Assert.That(_asked, Is.EqualTo(1));
        _time.Advance(age * 0.02);
        await AskedAsync(2);
    }

    [TestCase("max-age=0", 60)]
    [TestCase("max-age=1", 60)]
    [TestCase("no-store", 60)]
    [TestCase("no-cache", 60)]
    [TestCase("max-age=31536000", 3600)]
    public async Task An_age_out_of_bounds_is_brought_back(string control, int seconds)
    {
        _answer = () => Task.FromResult(Good(_issuer.Jwks, control));
        _source.Acquire();
        await AskedAsync(1);
        _time.Advance(TimeSpan.FromSeconds(seconds * 0.79));
        Assert.That(_asked, Is.EqualTo(1));
        _time.Advance(TimeSpan.FromSeconds(seconds * 0.02));
        await AskedAsync(2);
    }

    [Test]
    public async Task Ten_thousand_unknown_names_lead_to_one_fetch_in_an_interval()
    {
        _source.Acquire();
        await AskedAsync(1);
        for (var at = 0; at < 10_000; at++)
        {
            Assert.That(_source.Refetch(_source.Current), Is.Null, "it has just asked");
        }

        _time.Advance(JwksSource.ShortestInterval);
        var gate = new TaskCompletionSource<OutboundAnswer>();
        _answer = () => gate.Task;
        var waits = Enumerable.Range(0, 10_000).Select(_ => _source.Refetch(_source.Current)).ToList();
        Assert.That(waits.Distinct().Count(), Is.EqualTo(1), "all wait for the same");
        gate.SetResult(Good(_issuer.Jwks));
        await waits[0]!.WaitAsync(TimeSpan.FromSeconds(15));
        Assert.That(_asked, Is.EqualTo(2));
        Assert.That(Enumerable.Range(0, 10_000).Select(_ => _source.Refetch(_source.Current)), Is.All.Null);
        Assert.That(_asked, Is.EqualTo(2));
    }

    [Test]
    public async Task A_key_that_is_new_is_found_by_asking_for_it()
    {
        using var issuer = new TestIssuer();
        _answer = () => Task.FromResult(Good(issuer.Jwks));
        _source.Acquire();
        await AskedAsync(1);
        issuer.Keys.Insert(0, TestKey.Rsa("key-2"));
        _time.Advance(JwksSource.ShortestInterval);

        Assert.That(await _source.Refetch(_source.Current)!.WaitAsync(TimeSpan.FromSeconds(15)), Is.SameAs(_source));
        Assert.That(_source.Current!.Find("key-2", hasId: true).Length, Is.EqualTo(1));
    }

    [Test]
    public async Task Who_looked_at_the_keys_before_they_were_fetched_looks_again()
    {
        using var issuer = new TestIssuer();
        _answer = () => Task.FromResult(Good(issuer.Jwks));
        _source.Acquire();
        await AskedAsync(1);
        var tried = _source.Current;
        issuer.Keys.Insert(0, TestKey.Rsa("key-2"));
        _time.Advance(JwksSource.ShortestInterval);
        await _source.Refetch(tried)!.WaitAsync(TimeSpan.FromSeconds(15));

        Assert.That(_source.Refetch(tried), Is.Not.Null.And.Property("IsCompleted").True);
        Assert.That(_source.Refetch(null), Is.Not.Null.And.Property("IsCompleted").True, "there were none yet");
        Assert.That(_source.Refetch(_source.Current), Is.Null);
        Assert.That(_asked, Is.EqualTo(2));
    }

    [TestCase("{\"keys\":[]}", "200", "there is no key in it")]
    [TestCase("{\"keys\":{}}", "200", "it is no JWK set: its 'keys' is no list")]
    [TestCase("<html>", "200", "it is neither a JWK set nor PEM with -----BEGIN PUBLIC KEY-----")]
    [TestCase("{\"keys\":[", "200", "it is no JSON in which every name stands once")]
    [TestCase("{}", "503", "it answers 503")]
    [TestCase("{}", "302", "it answers 302, and redirects are not followed: write the address that it leads to")]
    public async Task The_last_good_keys_stay(string body, string status, string why)
    {
        _source.Acquire();
        await AskedAsync(1);
        var good = _source.Current;
        _answer = () => Task.FromResult(new OutboundAnswer(int.Parse(status, null), new HttpResponseMessage().Headers, "application/json", Encoding.UTF8.GetBytes(body)));
        _time.Advance(JwksSource.DefaultAge);
        await AskedAsync(2);

        Assert.That(_source.Current, Is.SameAs(good));
        Assert.That(_reports, Is.EqualTo(new[] { $"the issuer's keys cannot be had: {why}; the last good ones stay" }));
    }

    [Test]
    public async Task The_same_keys_are_the_same_set()
    {
        _source.Acquire();
        await AskedAsync(1);
        var first = _source.Current;
        _time.Advance(JwksSource.DefaultAge);
        await AskedAsync(2);

        Assert.That(_source.Current, Is.SameAs(first), "or what was verified with them would be looked at again");
    }

    [Test]
    public async Task An_error_of_ours_ends_no_later_fetch()
    {
        _answer = () => throw new InvalidOperationException("a bug");
        _source.Acquire();
        await AskedAsync(1);
        _answer = () => Task.FromResult(Good(_issuer.Jwks));
        _time.Advance(TimeSpan.FromSeconds(2));
        await AskedAsync(2);

        Assert.That(_source.Current, Is.Not.Null);
    }

    [Test]
    public async Task Nobody_asks_once_nobody_uses_it()
    {
        _source.Acquire();
        _source.Acquire();
        await AskedAsync(1);
        _source.Release();
        _time.Advance(JwksSource.DefaultAge);
        await AskedAsync(2);
        _source.Release();
        _time.Advance(TimeSpan.FromDays(1));
        Assert.That(_asked, Is.EqualTo(2));
        Assert.That(_time.ActiveTimers, Is.Zero);

        _source.Acquire();
        await AskedAsync(3);
    }

    private static OutboundAnswer Good(string body, string? control = null)
    {
        var headers = new HttpResponseMessage().Headers;
        headers.CacheControl = control is null ? null : CacheControlHeaderValue.Parse(control);
        return new OutboundAnswer(200, headers, "application/json", Encoding.UTF8.GetBytes(body));
    }

    // A fetch is on the pool: it is over when the source would begin another one, or waits for none.
    private async Task AskedAsync(int times)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(15));
        while (Volatile.Read(ref _asked) < times || _source.IsFetching)
        {
            await Task.Yield();
            Assert.That(patience.IsCancellationRequested, Is.False, $"it has asked {_asked} times, not {times}");
        }

        Assert.That(_asked, Is.EqualTo(times));
    }
}
