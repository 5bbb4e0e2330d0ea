using System.Diagnostics;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Tests;
using LoadBalancer.Tests.Health;

namespace LoadBalancer.Daemon.Tests.Scenarios.UpstreamTls;

/// <summary>nginx as an endpoint that speaks TLS and wants a certificate of lb's.</summary>
internal sealed class NginxScenarios
{
    private static readonly string[] Programs = ["/usr/sbin/nginx", "/usr/bin/nginx"];

    [TestCase("TLSv1.2")]
    [TestCase("TLSv1.3")]
    public async Task Nginx_gets_requests_from_lb_and_knows_its_certificate(string version)
    {
        using var folder = new TemporaryFolder();
        using var authority = new TestAuthority();
        Write(folder, "endpoint", authority.Issue(30, "nginx.internal"));
        Write(folder, "lb", authority.Issue(30, "lb.internal"));
        await File.WriteAllTextAsync(folder["ca.pem"], authority.Pem);
        var address = (IPEndPoint)Loopback.Refusing();
        await File.WriteAllTextAsync(folder["nginx.conf"], $$"""
            daemon off; master_process off; error_log {{folder["error.log"]}}; pid {{folder["nginx.pid"]}};
            events { }
            http {
                access_log off; client_body_temp_path {{folder["body"]}}; proxy_temp_path {{folder["proxy"]}};
                fastcgi_temp_path {{folder["fastcgi"]}}; uwsgi_temp_path {{folder["uwsgi"]}}; scgi_temp_path {{folder["scgi"]}};
                server {
                    listen {{address}} ssl; server_name nginx.internal;
                    ssl_certificate {{folder["endpoint.pem"]}}; ssl_certificate_key {{folder["endpoint.key"]}}; ssl_protocols {{version}};
                    ssl_client_certificate {{folder["ca.pem"]}}; ssl_verify_client on;
                    location / { return 200 "$ssl_protocol $ssl_server_name $ssl_client_verify $ssl_session_reused $connection_requests"; }
                }
            }
            """);
        using var nginx = Process.Start(Programs.First(File.Exists), ["-p", folder[""], "-c", folder["nginx.conf"]]);
        try
        {
            await using var gateway = await HttpGateway.StartAsync(
                "{upstream: up}",
                $"{{up: {{endpoints: [\"{address}\"], tls: {{server_name: nginx.internal, ca: {folder["ca.pem"]}, cert: {folder["lb.pem"]}, key: {folder["lb.key"]}}}, health: {{active: {{type: http, interval: 100ms, healthy_after: 1}}}}}}}}");
            await gateway.Daemon.UntilAsync(
                status => status.GetProperty("upstreams")[0].GetProperty("endpoints")[0] is var endpoint && endpoint.GetProperty("state").GetString() == "available"
                    && endpoint.GetProperty("probe") is { ValueKind: System.Text.Json.JsonValueKind.Object } probe && probe.GetProperty("answer").GetString() == "status 200",
                "nginx answers the probe");
            using var client = gateway.Connect();
            Assert.That(client.Get("/").ReadResponse().Text, Is.EqualTo($"{version} nginx.internal SUCCESS . 1"));
            Assert.That(client.Get("/").ReadResponse().Text, Is.EqualTo($"{version} nginx.internal SUCCESS . 2"), "the same connection");
        }
        finally
        {
            nginx.Kill();
            await nginx.WaitForExitAsync();
        }
    }

    private static void Write(TemporaryFolder folder, string name, X509Certificate2 certificate)
    {
        using (certificate)
        {
            File.WriteAllText(folder[name + ".pem"], certificate.ExportCertificatePem());
            File.WriteAllText(folder[name + ".key"], certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        }
    }
}
