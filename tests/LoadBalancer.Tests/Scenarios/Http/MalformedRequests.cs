using System.Text;
using LoadBalancer.Http.Tests.Server.Http1;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>
/// Requests that must not be served, and requests that nobody knows of: the lines S1 to S21 and P1 to P3 of the security checklist, each in ever
/// other surroundings, and orderly ones with the small changes of <see cref="Mutations"/>. The same for the same seed.
/// </summary>
internal sealed class MalformedRequests(int seed)
{
    /// <summary>In the target of each request that must not be served.</summary>
    public const string Mark = "/never";

    // Where further fields may stand.
    private const char Fields = '\u00a4';

    private static readonly string[] Framings =
    [
        // S1 to S5: a body's end that could be found in two ways.
        "Content-Length: 6\r\n\u00a4Transfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\n\u00a4Content-Length: 6\r\n", "Content-Length: 5\r\n\u00a4Content-Length: 5\r\n",
        "Content-Length: 5\r\n\u00a4Content-Length: 6\r\n", "Content-Length: 5, 5\r\n", "Content-Length: -1\r\n", "Content-Length: 0x5\r\n", "Content-Length:\r\n", "Content-Length: 18446744073709551621\r\n",
        "Content-Length: 9223372036854775808\r\n", "Content-Length: 5 5\r\n", "Content-Length: 5\v\r\n", "Content-Length: +5\r\n", "Content-Length: 5;\r\n", "Content-Length: \u00b2\r\n", "Content-Length : 5\r\n",
        "Content-Length\t: 5\r\n", "Transfer-Encoding: xchunked\r\n", "Transfer-Encoding: identity\r\n", "Transfer-Encoding: chunked, identity\r\n", "Transfer-Encoding: chunked;x=y\r\n",
        "Transfer-Encoding: \vchunked\r\n", "Transfer-Encoding : chunked\r\n", "Transfer-Encoding: \"chunked\"\r\n", "Transfer-Encoding:\r\n", "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked\r\n\u00a4Transfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\n\u00a4Transfer-Encoding: identity\r\n", "Transfer-Encoding: ,chunked\r\n",
        "Transfer-Encoding: chunked, chunked\r\n", "Transfer-Encoding: chunked\0\r\n", "Transfer-Encoding:\r\n chunked\r\n", "Transfer-Encoding\r\n : chunked\r\n",

        // S6, S7: lines that are none.
        "X: a\n\u00a4", "X: a\nY: b\r\n", "X: a\r\n b\r\n", "X: a\r\n\tb\r\n", "X: a\rb\r\n", "X: a\r\rb\r\n", "X: a\0b\r\n", "X: a\u00ffb\r\n", "X: a\u007fb\r\n", "X: a\u001bb\r\n", "X : a\r\n", "X\t: a\r\n", "X\u00e9: a\r\n",
        "X(y): a\r\n", ": a\r\n", "no colon\r\n", "nocolon\r\n", "X: a\r\nGET /never HTTP/1.1\r\n", "\u0000: a\r\n", "X: a\r\n\nGET /never HTTP/1.1\r\nHost: test\r\n",

        // S12, S17: a second host, and what cannot be expected.
        "Host: test\r\n", "Host: other\r\n", "host:test\r\n", "Expect: 200-ok\r\n", "Expect: 100-continue, x\r\n", "Expect: 100-continue;x=y\r\n",
    ];

    // S12 to S16 and paths with two meanings (P1 to P3).
    private static readonly string[] Heads =
    [
        "GET /never HTTP/1.1\r\n\u00a4\r\n", "GET /never HTTP/1.0\r\n\u00a4\r\n", "GET /never HTTP/1.1\r\n\u00a4Host:\r\n\r\n", "GET /never HTTP/1.1\r\nHost: a/b\r\n\u00a4\r\n", "GET /never HTTP/1.1\r\nHost: a,b\r\n\u00a4\r\n",
        "GET /never HTTP/1.1\r\nHost: u@test\r\n\u00a4\r\n", "GET /never HTTP/1.1\r\nHost: test:443@evil\r\n\u00a4\r\n", "GET /never HTTP/1.1\r\nHost: test:x\r\n\u00a4\r\n", "GET /never HTTP/1.1\r\nHost: test:65536\r\n\u00a4\r\n",
        "GET /never HTTP/1.1\r\nHost: [::1\r\n\u00a4\r\n", "GET /never HTTP/1.1\r\nHost: te%73t\r\n\u00a4\r\n", "GET /never HTTP/1.1\r\nHost: te st\r\n\u00a4\r\n", "GET /never HTTP/1.1\r\nHost: ..\r\n\u00a4\r\n",
        "GET http://evil/never HTTP/1.1\r\nHost: test\r\n\u00a4\r\n", "GET http://test:81/never HTTP/1.1\r\nHost: test\r\n\u00a4\r\n", "GET https://test/never HTTP/1.1\r\nHost: test\r\n\u00a4\r\n", "GET ftp://test/never HTTP/1.1\r\nHost: test\r\n\u00a4\r\n",
        "GET http://u@test/never HTTP/1.1\r\nHost: test\r\n\u00a4\r\n", "GET http:///never HTTP/1.1\r\nHost: test\r\n\u00a4\r\n", "CONNECT test:80/never HTTP/1.1\r\nHost: test\r\n\u00a4\r\n", "CONNECT /never HTTP/1.1\r\nHost: test\r\n\u00a4\r\n",
        "CONNECT test:80 HTTP/1.1\r\nHost: test:80\r\n\u00a4\r\n", "GET test:80/never HTTP/1.1\r\nHost: test\r\n\u00a4\r\n", "GET never HTTP/1.1\r\nHost: test\r\n\u00a4\r\n", "GET * HTTP/1.1\r\nHost: test\r\n\u00a4\r\n", "OPTIONS */never HTTP/1.1\r\nHost: test\r\n\u00a4\r\n",
        "get /never HTTP/1.1\r\nHost: test\r\n\u00a4\r\n", "G[T /never HTTP/1.1\r\nHost: test\r\n\u00a4\r\n", "GET\t/never HTTP/1.1\r\nHost: test\r\n\u00a4\r\n", "GET  /never HTTP/1.1\r\nHost: test\r\n\u00a4\r\n", "GET /never  HTTP/1.1\r\nHost: test\r\n\u00a4\r\n",
        "GET /never HTTP/1.1 \r\nHost: test\r\n\u00a4\r\n", "GET /never HTTP/1.2\r\nHost: test\r\n\u00a4\r\n", "GET /never HTTP/2.0\r\nHost: test\r\n\u00a4\r\n", "GET /never HTTP/1.10\r\nHost: test\r\n\u00a4\r\n", "GET /never http/1.1\r\nHost: test\r\n\u00a4\r\n",
        "GET /never\r\n\r\n", "GET /never\r\nHost: test\r\n\u00a4\r\n", "GET /never HTTP/1.1\nHost: test\n\n", "GET /never HTTP/1.1\r\n Host: test\r\n\u00a4\r\n", "GET /never HTTP/1.1\r\nHost: test\r\n\u00a4\nGET /never HTTP/1.1\r\n\r\n",
        "\r\n\r\nGET /never HTTP/1.1\r\nHost: test\r\n\u00a4\r\n", "\nGET /never HTTP/1.1\r\nHost: test\r\n\u00a4\r\n", " GET /never HTTP/1.1\r\nHost: test\r\n\u00a4\r\n", "\rGET /never HTTP/1.1\r\nHost: test\r\n\u00a4\r\n",
        "GET /a/..%2fnever HTTP/1.1\r\nHost: test\r\n\u00a4\r\n", "GET /never%00 HTTP/1.1\r\nHost: test\r\n\u00a4\r\n", "GET /never%5Ca HTTP/1.1\r\nHost: test\r\n\u00a4\r\n", "GET /never/%zz HTTP/1.1\r\nHost: test\r\n\u00a4\r\n", "GET /never/%2 HTTP/1.1\r\nHost: test\r\n\u00a4\r\n",
        "GET /never%252f HTTP/1.1\r\nHost: test\r\n\u00a4\r\n", "GET /never\\..\\a HTTP/1.1\r\nHost: test\r\n\u00a4\r\n", "GET /never#a HTTP/1.1\r\nHost: test\r\n\u00a4\r\n", "GET /never\u0001 HTTP/1.1\r\nHost: test\r\n\u00a4\r\n", "GET /never/%c0%af HTTP/1.1\r\nHost: test\r\n\u00a4\r\n",
        "GET /../never HTTP/1.1\r\nHost: test\r\n\u00a4\r\n", "GET /never/..;/a HTTP/1.1\r\nHost: test\r\n\u00a4\r\n", "GET /never\u00e9 HTTP/1.1\r\nHost: test\r\n\u00a4\r\n", "GET /never?a#b HTTP/1.1\r\nHost: test\r\n\u00a4\r\n", "GET /never/%2e%2e/%2e%2e/ HTTP/1.1\r\nHost: test\r\n\u00a4\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n/never", "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003/never", "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\nGET /never HTTP/1.1\r\nHost: test\r\n\r\n", "\0\0\0\0/never",
    ];

    // S8 to S10: chunks. What is not whole is no request either.
    private static readonly string[] Bodies =
    [
        "5;\nx\r\nhello\r\n0\r\n\r\n", "5;x\ry\r\nhello\r\n0\r\n\r\n", "5\nhello\r\n0\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n", "0_5\r\nhello\r\n0\r\n\r\n", " 5\r\nhello\r\n0\r\n\r\n", "5 \r\nhello\r\n0\r\n\r\n", "+5\r\nhello\r\n0\r\n\r\n", "-5\r\nhello\r\n0\r\n\r\n",
        "5\r\nhelloX\r\n0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5\r\nhello0\r\n\r\n", "5\r\nhell\r\n0\r\n\r\n", "100000000000000005\r\nhello\r\n0\r\n\r\n", "ffffffffffffffff\r\nhello\r\n0\r\n\r\n", "8000000000000000\r\nhello\r\n0\r\n\r\n", "00000000000000005\r\nhello\r\n0\r\n\r\n",
        ";\r\nhello", "\r\nhello", "g\r\nhello", "5\r\nhello\r\n0\r\n", "5\r\nhello\r\n0\n\n", "5\r\nhello\r\n0\r\nX 1\r\n\r\n", "5\r\nhello\r\n0\r\nX: 1\n\r\n", "5\r\nhello\r\n0\r\n X: 1\r\n\r\n", "5\r\nhello\r\n0\r\nX: \0\r\n\r\n",
    ];

    private static readonly string[] Harmless =
    [
        "Accept: */*\r\n", "User-Agent: a (b; c)\r\n", "X-Empty:\r\n", "X-Space:  a b \t\r\n", "Cookie: a=b; c=d\r\n", "Connection: keep-alive\r\n", "Connection: X-Nominated, close\r\n", "Accept-Encoding: gzip, chunked\r\n", "X-Forwarded-For: 1.2.3.4\r\n",
        "X-Length: Content-Length: 5\r\n", "TE: trailers\r\n", "Upgrade: h2c\r\n", "X_Y: a\r\n", "!#$%&'*+-.^_`|~: a\r\n", "X: \u00e9\u0080\r\n", "Referer: /never\r\n",
    ];

    private static readonly string[] Orderly =
    [
        "GET /a HTTP/1.1\r\nHost: test\r\n\r\n",
        "GET /a/../b?x=%41&y=/ HTTP/1.1\r\nHost: test:80\r\nAccept: */*\r\nCookie: a=b; c=d\r\nConnection: keep-alive, x\r\nX: y\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello",
        "POST /a HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nX-T: 1\r\n\r\n",
        "PUT /a HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok",
        "OPTIONS * HTTP/1.1\r\nHost: test\r\n\r\n",
        "GET http://test/a HTTP/1.1\r\nHost: test\r\nForwarded: for=1.2.3.4\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n",
        "GET /a HTTP/1.0\r\nHost: test\r\nConnection: keep-alive\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    ];

    private static readonly string[] Words =
    [
        "\r\n", "\n", "\r", "\0", " ", "\t", ":", ",", ";", "Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n", "Host: b\r\n", "HTTP/1.1", "0\r\n\r\n", "chunked, identity", "%2f", "%00", "..", "//",
        "\u00ff", "+5", "0x5", "-1", "99999999999999999999", "Connection: close\r\n", "Connection: Host\r\n", "Trailer: Host\r\n", "HEAD", "CONNECT a:80", "HTTP/2.0",
    ];

    private readonly Random _random = new(seed);
    private readonly Mutations _mutations = new(seed, Orderly, Words);

    /// <summary>A request that must not be served, be it that it is not whole.</summary>
    public string Bad()
    {
        var text = _random.Next(20) switch
        {
            < 10 => $"{Method()} /never HTTP/1.{Minor()}\r\nHost: test\r\n\u00a4{Pick(Framings)}\u00a4\r\n{Smuggled()}",
            < 17 => Pick(Heads) + Smuggled(),
            17 => $"{Method()} /never HTTP/1.1\r\nHost: test\r\n\u00a4Transfer-Encoding: chunked\r\n\u00a4\r\n{Pick(Bodies)}{Smuggled()}",
            18 => TooLarge(),
            _ => Cut($"POST /never HTTP/1.1\r\nHost: test\r\n\u00a4Content-Length: 20\r\n\u00a4\r\n0123456789012345678!"),
        };
        return Spell(text);
    }

    /// <summary>A request that must be served.</summary>
    public string Good() => Pick(Orderly);

    /// <summary>One that was orderly, changed here and there: it may be so still.</summary>
    public string Changed() => _mutations.Next();

    private string Pick(string[] texts) => texts[_random.Next(texts.Length)];

    private string Method() => _random.Next(3) switch
    {
        0 => "GET",
        1 => "PUT",
        _ => "POST",
    };

    private int Minor() => _random.Next(8) == 0 ? 0 : 1;

    // What a proxy that found another end would take for the next request.
    private string Smuggled() => _random.Next(3) switch
    {
        0 => "GET /never/smuggled HTTP/1.1\r\nHost: test\r\n\r\n",
        1 => "0\r\n\r\nGET /never/smuggled HTTP/1.1\r\nHost: test\r\n\r\n",
        _ => "",
    };

    private string Cut(string text) => text[..(1 + _random.Next(text.Length - 1))];

    // S21, S10: over the bounds of the listener in the test.
    private string TooLarge() => _random.Next(4) switch
    {
        0 => $"GET /never{new string('a', 2_000)} HTTP/1.1\r\nHost: test\r\n\r\n",
        1 => $"GET /never HTTP/1.1\r\nHost: test\r\nX: {new string('a', 4_000)}\r\n\r\n",
        2 => $"GET /never HTTP/1.1\r\nHost: test\r\n{string.Concat(Enumerable.Repeat("X: 1\r\n", 60))}\r\n",
        _ => $"POST /never HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n1;{new string('a', 1_000)}\r\nx\r\n0\r\n\r\n",
    };

    // Further fields where they may stand, and names in whatever case.
    private string Spell(string text)
    {
        var spelled = new StringBuilder(text.Length + 100);
        foreach (var letter in text)
        {
            if (letter != Fields)
            {
                spelled.Append(letter);
                continue;
            }

            for (var more = _random.Next(3); more > 0; more--)
            {
                spelled.Append(Pick(Harmless));
            }
        }

        return _random.Next(4) switch
        {
            0 => spelled.Replace("Content-Length", "content-lengtH").Replace("Transfer-Encoding", "TRANSFER-encoding").ToString(),
            1 => spelled.Replace(": chunked\r\n", ":cHunked \t\r\n").ToString(),
            _ => spelled.ToString(),
        };
    }
}
