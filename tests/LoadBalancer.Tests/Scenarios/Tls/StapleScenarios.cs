using LoadBalancer.Daemon.Tests.Repository;
using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Tls;

internal sealed class StapleScenarios
{
    [Test]
    public async Task The_response_of_the_certificate_that_is_shown_is_shown_with_it()
    {
        using var folder = new TemporaryFolder();
        using var endpoint = new HttpEndpoint("hello");
        var made = Command.Run("bash", ["-euc", Script(Path.GetDirectoryName(folder["x"])!)]);
        Assert.That(made.ExitCode, Is.Zero, made.Output);
        await using var gateway = await TlsGateway.StartAsync(TlsGateway.Text(
            "http: up",
            $"certificates: [{{cert: {folder["rsa.pem"]}, key: {folder["rsa.key"]}}}, {{cert: {folder["ec.pem"]}, key: {folder["ec.key"]}, ocsp: {folder["ec.ocsp"]}}}]",
            endpoint.Address));
        Assert.That(Ask("ECDSA+SHA256"), Does.Contain("OCSP Response Status: successful").And.Contains("Cert Status: good"));
        Assert.That(Ask("RSA-PSS+SHA256"), Does.Contain("OCSP response: no response sent"));

        string Ask(string algorithm) => Command.Run(
            "bash", ["-c", $"timeout 20 openssl s_client -connect {gateway.Address} -servername localhost -status -sigalgs {algorithm} </dev/null"]).Output;
    }

    private static string Script(string folder) => $"""
        cd {folder}
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 30 -subj /CN=Test
        issue() (
          openssl req -new -nodes -keyout $1.key -out $1.csr -subj /CN=localhost -newkey "$2" $3
          printf 'subjectAltName=DNS:localhost' > $1.ext
          openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -set_serial $4 -days 30 -extfile $1.ext -out $1.pem
          chmod 600 $1.key
        )
        issue ec ec '-pkeyopt ec_paramgen_curve:P-256' 0x1001
        issue rsa rsa:2048 '' 0x1002
        printf 'V\t401231000000Z\t\t1001\tunknown\t/CN=localhost\n' > index.txt
        openssl ocsp -issuer ca.pem -cert ec.pem -reqout ec.req
        openssl ocsp -index index.txt -CA ca.pem -rsigner ca.pem -rkey ca.key -reqin ec.req -respout ec.ocsp -ndays 7
        """;
}
