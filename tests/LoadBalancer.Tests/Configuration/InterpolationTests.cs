using System.Net;
using LoadBalancer.Daemon.Configuration;

namespace LoadBalancer.Daemon.Tests.Configuration;

internal sealed class InterpolationTests
{
    [Test]
    public void Replaces_an_environment_variable_in_any_part_of_a_value()
    {
        using var folder = Listening("\"${env:HOST}:${env:PORT}\"");
        folder.Environment["HOST"] = "127.0.0.1";
        folder.Environment["PORT"] = "8080";

        Assert.That(folder.Load().Options!.Listeners["a"].Bind[0], Is.EqualTo(new IPEndPoint(IPAddress.Loopback, 8080)));
    }

    [Test]
    public void Replaces_a_file_relative_to_the_one_that_names_it_without_its_last_line_break()
    {
        using var folder = Listening("${file:secrets/address}").With("secrets/address", "127.0.0.1:8080\n");

        var result = folder.Load();

        Assert.Multiple(() =>
        {
            Assert.That(result.Options!.Listeners["a"].Bind[0], Is.EqualTo(new IPEndPoint(IPAddress.Loopback, 8080)));
            Assert.That(result.Files, Is.EqualTo(new[] { folder["lb.yaml"], folder["secrets/address"] }));
        });
    }

    [Test]
    public void Replaces_a_credential_of_systemd()
    {
        using var folder = Listening("${credential:address}").With("credentials/address", "127.0.0.1:8080");
        folder.Environment["CREDENTIALS_DIRECTORY"] = folder["credentials"];

        Assert.That(folder.Load().Options!.Listeners["a"].Bind[0], Is.EqualTo(new IPEndPoint(IPAddress.Loopback, 8080)));
    }

    [Test]
    public void Does_not_scan_again_what_it_put_in()
    {
        using var folder = Logging("/${env:OUTER}");
        folder.Environment["OUTER"] = "${env:INNER}$$x";

        Assert.That(folder.Load().Options!.Log.Access, Is.EqualTo("/${env:INNER}$$x"));
    }

    [TestCase("/a$$b", "/a$b")]
    [TestCase("/a$$$$b", "/a$$b")]
    [TestCase("/a$$${env:X}", "/a$x")]
    [TestCase("/a$${env:X}", "/a${env:X}")]
    [TestCase("/a$b$", "/a$b$")]
    public void Takes_two_dollars_as_one_and_a_lone_one_as_it_is(string written, string text)
    {
        using var folder = Logging(written);
        folder.Environment["X"] = "x";

        Assert.That(folder.Load().Options!.Log.Access, Is.EqualTo(text));
    }

    [TestCase("${env:NOPE}", "'${env:NOPE}': the environment variable is not set")]
    [TestCase("${env:A B}", "'${env:A B}': the name of a variable is letters, digits and '_'")]
    [TestCase("${env:NAME:-default}", "'${env:NAME:-default}': the name of a variable is letters, digits and '_'")]
    [TestCase("${env:}", "'${env:}': the name of a variable is letters, digits and '_'")]
    [TestCase("${file:}", "'${file:}': a path is missing")]
    [TestCase("${file:nope}", "'${file:nope}': cannot read nope: no such file")]
    [TestCase("${file:/}", "'${file:/}': cannot read /: it is a directory")]
    [TestCase("${credential:x}", "'${credential:x}': CREDENTIALS_DIRECTORY is not set; systemd sets it for a unit with LoadCredential=")]
    [TestCase("${credential:../x}", "'${credential:../x}': the name of a credential is one file name")]
    [TestCase("${evn:X}", "'${evn:X}': a reference is ${env:NAME}, ${file:PATH} or ${credential:NAME}; did you mean 'env'?")]
    [TestCase("${env:X", "'${' without '}'; a dollar is written $$")]
    public void Reports_a_reference_that_cannot_be_replaced(string written, string error)
    {
        using var folder = Logging(written);

        Assert.That(folder.Errors(), Is.EqualTo(new[] { $"lb.yaml:3:15: {error}" }));
    }

    /// <summary>Templates that a word may stand for keep their variables, as plain ones do.</summary>
    [TestCase("respond: {body: \"${request_id}\"}")]
    [TestCase("upstream: a, on_error: {503: {body: \"${request_id}\"}}")]
    [TestCase("upstream: a, rewrite: {path: \"/x${path}\"}")]
    [TestCase("upstream: a, rewrite: {query: {set: {v: \"${client_ip}\"}}}")]
    [TestCase("upstream: a, request_headers: {set: {X-Client: \"${client_ip}\"}}")]
    [TestCase("redirect: {to: \"/x${path}\"}")]
    public void Variables_of_a_request_stay_in_every_template(string action) =>
        Assert.That(ConfigFolder.ErrorsOf($"listeners: {{web: {{bind: \":80\", http: {{routes: [{{{action}}}]}}}}}}\nupstreams: {{a: {{endpoints: \"10.0.0.1:80\"}}}}\n"), Is.Empty);

    [TestCase("${client_ip}", "; for an environment variable write ${env:client_ip}")]
    [TestCase("${path.id}", "; a dollar before '{' is written $$")]
    public void Refuses_a_request_variable_where_there_is_no_template(string written, string advice)
    {
        using var folder = Logging(written);

        Assert.That(folder.Errors(), Is.EqualTo(new[] { $"lb.yaml:3:15: '{written}' is a request variable, which only a template may hold, and 'access' is none{advice}" }));
    }

    [Test]
    public void Does_not_look_into_a_key_that_nobody_reads()
    {
        using var folder = new ConfigFolder().With("lb.yaml", GatewayFileTests.Minimal + "later: {token: \"${env:NOPE}\", path: \"/${path.id}\"}");

        Assert.That(folder.Errors().Single(), Does.Contain("unknown key 'later'"));
    }

    [TestCase("env:SECRET")]
    [TestCase("file:secret")]
    [TestCase("credential:secret")]
    public void Never_shows_a_secret_in_an_error(string reference)
    {
        using var folder = new ConfigFolder()
            .With("secret", "hunter2:99999")
            .With("lb.yaml", """
                listeners:
                  a: {bind: "${REFERENCE}", tcp: "${REFERENCE}", max_connections: "${REFERENCE}", timeouts: {idle: "${REFERENCE}"}}
                upstreams: {b: {endpoints: "${REFERENCE}", balance: "${REFERENCE}", health: {active: "${REFERENCE}", passive: {max_ejected: "${REFERENCE}"}}}}
                log: {level: "${REFERENCE}", access: "${REFERENCE}"}
                transport: {loops: "${REFERENCE}"}
                reload: {watch: "${REFERENCE}"}
                """.Replace("REFERENCE", reference, StringComparison.Ordinal));
        folder.Environment["SECRET"] = "hunter2:99999";
        folder.Environment["CREDENTIALS_DIRECTORY"] = folder["."];

        var errors = folder.Errors();

        Assert.Multiple(() =>
        {
            Assert.That(errors, Has.Length.EqualTo(12));
            Assert.That(errors, Has.All.Contains("${" + reference + "}"));
            Assert.That(errors, Has.None.Contains("hunter2").And.None.Contains("99999"));
        });
    }

    [Test]
    public void Looks_up_nothing_in_a_check_without_secrets_and_still_reports_the_rest()
    {
        using var folder = new ConfigFolder().With("lb.yaml", """
            listeners:
              a: {bind: "${env:BIND}", tcp: "${env:UPSTREAM}", max_connections: "${file:nope}"}
            upstreams:
              a: {endpoints: ["${env:ONE}", "${env:TWO}", {address: "${credential:x}", weight: 0}]}
            log: {level: lound, access: "${env}"}
            """);

        var result = folder.Load(new LoadSettings { WithoutSecrets = true });

        Assert.Multiple(() =>
        {
            Assert.That(folder.Lines(result.Errors).Select(error => error.Split(' ')[0]), Is.EqualTo(new[] { "lb.yaml:5:14:", "lb.yaml:5:29:" }));
            Assert.That(result.Warnings, Is.Empty);
            Assert.That(result.Files, Is.EqualTo(new[] { folder["lb.yaml"] }));
        });
    }

    [Test]
    public void Gives_no_options_that_lack_a_secret() => Assert.Multiple(() =>
    {
        using var folder = Listening("${env:BIND}");
        var result = folder.Load(new LoadSettings { WithoutSecrets = true });
        Assert.That(result.Errors, Is.Empty);
        Assert.That(result.Options, Is.Null);
    });

    [Test]
    public void Gives_the_options_of_a_file_without_references_also_without_secrets()
    {
        using var folder = Listening("\":80\"");

        Assert.That(folder.Load(new LoadSettings { WithoutSecrets = true }).Options, Is.Not.Null);
    }

    private static ConfigFolder Listening(string bind) =>
        new ConfigFolder().With("lb.yaml", $"listeners: {{a: {{bind: \"{bind.Trim('"')}\", tcp: a}}}}\nupstreams: {{a: {{endpoints: \"10.0.0.1:80\"}}}}\n");

    private static ConfigFolder Logging(string access) =>
        new ConfigFolder().With("lb.yaml", $"listeners: {{a: {{bind: \":80\", tcp: a}}}}\nupstreams: {{a: {{endpoints: \"10.0.0.1:80\"}}}}\nlog: {{access: '{access}'}}\n");
}
