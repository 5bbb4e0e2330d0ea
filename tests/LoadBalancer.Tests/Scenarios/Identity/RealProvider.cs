using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace LoadBalancer.Daemon.Tests.Scenarios.Identity;

/// <summary>A certified OpenID provider of somebody else's in a process of its own, and a person who uses its pages.</summary>
internal sealed partial class RealProvider : IDisposable
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Scenarios", "Identity", "OpenIdProvider");

    private readonly Process _process;
    private readonly HttpClient _person = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false });

    private RealProvider(Process process, int port) => (_process, Issuer) = (process, string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));

    /// <summary>Its name, and where it is.</summary>
    public string Issuer { get; }

    /// <summary>The provider, at work. Its packages are installed where they are not there yet, in the versions of the lock file.</summary>
    /// <param name="secret">The password of the client <c>lb</c>.</param>
    public static async Task<RealProvider> StartAsync(string secret)
    {
        if (!File.Exists(Path.Combine(Folder, "node_modules", ".package-lock.json")))
        {
            using var install = Run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error");
            var (output, errors) = (install.StandardOutput.ReadToEndAsync(), install.StandardError.ReadToEndAsync());
            install.StandardInput.Close();
            await install.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(3));
            Assert.That(install.ExitCode, Is.Zero, await output + await errors);
        }

        var process = Run("node", "provider.mjs", secret);
        process.BeginErrorReadLine();
        var line = await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30));
        return new RealProvider(process, int.Parse(line!, CultureInfo.InvariantCulture));
    }

    /// <summary>Follows the provider's pages from <paramref name="address"/> on, answering what is asked, to the first address that is not the provider's.</summary>
    public async Task<Uri> FollowAsync(string address)
    {
        var next = new Uri(address);
        for (var step = 0; step < 20; step++)
        {
            using var page = await _person.GetAsync(next);
            using var answer = page.StatusCode == System.Net.HttpStatusCode.OK ? await SubmitAsync(next, await page.Content.ReadAsStringAsync()) : null;
            next = new Uri(next, (answer ?? page).Headers.Location ?? throw new AssertionException($"{next}: {page.StatusCode} {await page.Content.ReadAsStringAsync()}"));
            if (next.GetLeftPart(UriPartial.Authority) != Issuer)
            {
                return next;
            }
        }

        throw new AssertionException("the provider's pages have no end");
    }

    /// <summary>A token of a program that has logged in by itself.</summary>
    public async Task<string> TokenAsync(string secret)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{Issuer}/token")
        {
            Content = new FormUrlEncodedContent([KeyValuePair.Create("grant_type", "client_credentials")]),
            Headers = { Authorization = new("Basic", Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes($"lb:{Uri.EscapeDataString(secret)}"))) },
        };
        using var response = await _person.SendAsync(request);
        using var json = System.Text.Json.JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return json.RootElement.GetProperty("access_token").GetString()!;
    }

    public void Dispose()
    {
        _person.Dispose();
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(5)))
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private static Process Run(string program, params string[] arguments) => Process.Start(new ProcessStartInfo(program, arguments)
    {
        WorkingDirectory = Folder, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
    })!;

    private async Task<HttpResponseMessage> SubmitAsync(Uri page, string text)
    {
        var action = FormAction().Match(text).Groups[1].Value;
        var fields = FormField().Matches(text).Select(field => field.Value)
            .Select(field => (Name: Attribute("name", field), Value: Attribute("value", field)))
            .Where(field => field.Name.Length > 0)
            .Select(field => KeyValuePair.Create(field.Name, field.Name is "login" or "password" ? "ann" : field.Name == "logout" ? "yes" : field.Value));
        if (text.Contains("name=\"logout\"", StringComparison.Ordinal))
        {
            fields = fields.Where(field => field.Key != "logout").Append(KeyValuePair.Create("logout", "yes"));
        }

        using var form = new FormUrlEncodedContent(fields.ToList());
        return await _person.PostAsync(new Uri(page, action), form);
    }

    private static string Attribute(string name, string field) => Regex.Match(field, $"{name}=\"([^\"]*)\"").Groups[1].Value;

    [GeneratedRegex("<form[^>]* action=\"([^\"]+)\"")]
    private static partial Regex FormAction();

    [GeneratedRegex("<input [^>]*>")]
    private static partial Regex FormField();
}
