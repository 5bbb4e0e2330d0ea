namespace LoadBalancer.Daemon.Tests.Configuration;

internal sealed class UpstreamTlsChecksTests
{
    [TestCase("10.1")]
    [TestCase("1234")]
    [TestCase("10.0.0.256")]
    public void A_name_of_digits_that_is_no_address_is_refused(string name) =>
        Assert.That(ErrorsOf(name).Single(), Does.StartWith("lb.yaml:4:").And.EndsWith($"'{name}' is neither a host name nor an IP address: no certificate can be for it"));

    [TestCase("10.0.0.1")]
    [TestCase("1234.internal")]
    public void Others_are_taken(string name) => Assert.That(ErrorsOf(name), Is.Empty);

    private static string[] ErrorsOf(string name) => ConfigFolder.ErrorsOf(
        $"listeners: {{a: {{bind: \":1\", tcp: web}}}}\nupstreams:\n  web: {{endpoints: \"10.0.0.1:80\", tls: {{\n     server_name: \"{name}\"}}}}");
}
