using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using LoadBalancer.Http.Tests.Authentication;

namespace LoadBalancer.Daemon.Tests.Scenarios.Identity;

/// <summary>
/// An OpenID provider that exists for a test, on loopback: discovery, keys, and a token endpoint that wants the right password, redirect URI and PKCE verifier. Where a
/// person would log in, the test says who it is. It may be told to answer wrongly.
/// </summary>
internal sealed class TestOpenIdProvider : IAsyncDisposable
{
    private readonly LoopbackService _service;
    private readonly TestIssuer _issuer;
    private readonly ConcurrentDictionary<string, Grant> _codes = new();
    private readonly ConcurrentDictionary<string, Grant> _refreshTokens = new();
    private int _number;

    /// <summary>A provider that behaves.</summary>
    /// <param name="time">The clock of its tokens; null for the machine's.</param>
    public TestOpenIdProvider(TimeProvider? time = null)
    {
        _service = new LoopbackService(async request =>
        {
            if (request.Path == "/token")
            {
                await Redeeming;
            }

            return Answer(request);
        });
        _issuer = new TestIssuer(time) { Name = _service.Address };
    }

    /// <summary>Its name, and where it is.</summary>
    public string Issuer => _service.Address;

    /// <summary>The nonce of its tokens; null for the right one.</summary>
    public string? Nonce { get; set; }

    /// <summary>Further claims of its tokens, as JSON.</summary>
    public string Claims { get; set; } = "\"roles\":[\"admin\"]";

    /// <summary>True where it gives refresh tokens.</summary>
    public bool Refreshes { get; init; }

    /// <summary>False where it does not take refresh tokens any more.</summary>
    public bool KnowsSessions { get; set; } = true;

    /// <summary>What its token endpoint waits for before it looks at a request.</summary>
    public Task Redeeming { get; set; } = Task.CompletedTask;

    /// <summary>Further members of its discovery document, as JSON, each with a comma in front.</summary>
    public string Discovery { get; init; } = "";

    /// <summary>Requests to its token endpoint.</summary>
    public IReadOnlyList<ServiceRequest> TokenRequests => [.. _service.Requests.Where(request => request.Path == "/token")];

    /// <summary>How often its discovery document was asked for.</summary>
    public int Discoveries => _service.Requests.Count(request => request.Path == "/.well-known/openid-configuration");

    /// <summary>What a browser brings back from it after <paramref name="subject"/> has logged in there.</summary>
    /// <param name="location">Where lb has sent the browser.</param>
    /// <param name="subject">Who logs in.</param>
    /// <param name="issuer">What it says who it is; null for nothing.</param>
    /// <param name="state">The state; null for that of <paramref name="location"/>.</param>
    /// <returns>The target of the way back.</returns>
    public string LogIn(string location, string subject = "ann", string? issuer = null, string? state = null)
    {
        var asked = new ServiceRequest("GET", location[Issuer.Length..], new Dictionary<string, string>(), "").Parameters;
        Assert.That(
            (asked["response_type"], asked["client_id"], asked["code_challenge_method"], asked["scope"].Split(' ')[0]), Is.EqualTo(("code", "lb", "S256", "openid")));
        var code = $"code-{Interlocked.Increment(ref _number)}";
        _codes[code] = new Grant(subject, asked["nonce"], asked["code_challenge"], asked["redirect_uri"]);
        return $"{new Uri(asked["redirect_uri"]).AbsolutePath}?code={code}&state={state ?? asked["state"]}{(issuer is null ? "" : $"&iss={Uri.EscapeDataString(issuer)}")}";
    }

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        _issuer.Dispose();
    }

    private static byte[] Refused => LoopbackService.Answer(400, """{"error":"invalid_grant"}""");

    private byte[] Answer(ServiceRequest request) => request.Path switch
    {
        "/.well-known/openid-configuration" => LoopbackService.Answer(200, $$"""
            {"issuer":"{{Issuer}}","authorization_endpoint":"{{Issuer}}/authorize?tenant=a","token_endpoint":"{{Issuer}}/token","jwks_uri":"{{Issuer}}/keys","end_session_endpoint":"{{Issuer}}/end"{{Discovery}}}
            """),
        "/keys" => LoopbackService.Answer(200, _issuer.Jwks, "application/jwk-set+json"),
        "/token" => Redeem(request),
        _ => LoopbackService.Answer(404),
    };

    private byte[] Redeem(ServiceRequest request)
    {
        var expected = Convert.ToBase64String(Encoding.ASCII.GetBytes($"lb:{Uri.EscapeDataString(AuthGateway.Secret.Replace(' ', '_'))}"));
        if (request.Headers["Authorization"] != $"Basic {expected}")
        {
            return LoopbackService.Answer(401, """{"error":"invalid_client"}""");
        }

        var form = request.Parameters;
        if (form["grant_type"] == "refresh_token")
        {
            return KnowsSessions && _refreshTokens.TryRemove(form["refresh_token"], out var session) ? Tokens(session) : Refused;
        }

        return _codes.TryRemove(form["code"], out var grant) && form["redirect_uri"] == grant.RedirectUri
            && Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"]))) == grant.Challenge ? Tokens(grant) : Refused;
    }

    private byte[] Tokens(Grant grant)
    {
        var claims = string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"iss":"{{Issuer}}","aud":"lb","sub":"{{grant.Subject}}","nonce":"{{Nonce ?? grant.Nonce}}","exp":{{_issuer.Seconds(TimeSpan.FromMinutes(10))}},{{Claims}}}""");
        var refresh = $"refresh-{Interlocked.Increment(ref _number)}";
        _refreshTokens[refresh] = grant;
        return LoopbackService.Answer(200, $$"""
            {"access_token":"a","token_type":"Bearer","expires_in":300,"id_token":"{{_issuer.Sign(claims)}}"{{(Refreshes ? $",\"refresh_token\":\"{refresh}\"" : "")}}}
            """);
    }

    private sealed record Grant(string Subject, string Nonce, string Challenge, string RedirectUri);
}
