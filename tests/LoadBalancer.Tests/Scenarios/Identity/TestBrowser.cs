using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Identity;

/// <summary>A browser of a test, as a proxy that ends TLS shows it to lb: it keeps cookies of one host, and holds lb's own to the rules of <c>__Host-</c>.</summary>
/// <param name="connect">A connection to lb.</param>
internal sealed class TestBrowser(Func<HttpWire> connect)
{
    /// <summary>The host that it asks for.</summary>
    public string Host { get; init; } = "app.test";

    /// <summary>What a browser says that wants a page.</summary>
    public const string Page = "Accept: text/html,*/*\r\nSec-Fetch-Mode: navigate\r\n";

    /// <summary>Its cookies by name.</summary>
    public Dictionary<string, string> Cookies { get; init; } = [];

    /// <summary>Its cookies whose names begin so.</summary>
    public IEnumerable<string> Named(string begin) => Cookies.Keys.Where(name => name.StartsWith(begin, StringComparison.Ordinal));

    /// <summary>Another browser with copies of its cookies.</summary>
    public TestBrowser Copy() => new(connect) { Host = Host, Cookies = new(Cookies) };

    /// <summary>Opens a page.</summary>
    public HttpMessage Get(string target, string fields = Page, string method = "GET")
    {
        using var client = connect();
        Send(client, target, fields, method);
        var response = client.ReadResponse();
        foreach (var cookie in response.Values("Set-Cookie"))
        {
            Keep(cookie);
        }

        return response;
    }

    /// <summary>Opens a page, and goes away before there is an answer.</summary>
    /// <param name="target">The page.</param>
    /// <param name="when">When it goes away.</param>
    public void Leave(string target, Func<bool> when)
    {
        using var client = connect();
        Send(client, target, Page, "GET");
        Assert.That(when, Is.True.After(Loopback.TimeoutMs, 5));
    }

    /// <summary>Opens a page until the provider is known, and gives where lb sends the browser.</summary>
    public string Begin(string target)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var response = Get(target);
            if (response.Status == 302)
            {
                return response["Location"]!;
            }

            Assert.That((response.Status, TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(20)), Is.EqualTo((503, true)), response.Text);
        }
    }

    private void Send(HttpWire client, string target, string fields, string method)
    {
        var cookies = Cookies.Count == 0 ? "" : $"Cookie: {string.Join("; ", Cookies.Select(cookie => $"{cookie.Key}={cookie.Value}"))}\r\n";
        client.Send($"{method} {target} HTTP/1.1\r\nHost: {Host}\r\nX-Forwarded-Proto: https\r\n{(method == "POST" ? "Content-Length: 0\r\n" : "")}{cookies}{fields}\r\n");
    }

    private void Keep(string field)
    {
        var parts = field.Split("; ");
        var (name, value) = (parts[0].Split('=', 2)[0], parts[0].Split('=', 2)[1]);
        if (name.StartsWith("__Host-", StringComparison.Ordinal))
        {
            Assert.That(parts[1..^1], Is.EqualTo(["Path=/", "Secure", "HttpOnly", "SameSite=Lax"]));
            Assert.That(field, Has.Length.LessThanOrEqualTo(4096));
        }

        if (parts[^1] == "Max-Age=0")
        {
            Cookies.Remove(name);
        }
        else
        {
            Cookies[name] = value;
        }
    }
}
