namespace LoadBalancer.Peers.Contenders;

/// <summary>Every contender.</summary>
internal static class ContenderCatalog
{
    /// <param name="lb">The published lb's file.</param>
    public static IReadOnlyList<Contender> All(string lb)
    {
        var haproxy = new Contender("haproxy")
        {
            Program = "haproxy",
            Template = "haproxy.cfg",
            Arguments = ["-db", "-f", "{config}"],
            VersionArguments = ["-v"],
            Setup = "haproxy",
            IsPeer = true,
        };
        return
        [
            new Contender("lb")
            {
                Program = lb,
                Template = "lb.yaml",
                Arguments = ["run", "-c", "{config}"],
                VersionArguments = ["--version"],
                // The JIT recompiles what turned out to be hot; on one core that takes 3 to 6 s of load.
                WarmUp = TimeSpan.FromSeconds(5),
            },
            haproxy,
            new Contender("nginx")
            {
                Program = "nginx",
                Template = "nginx.conf",
                Arguments = ["-e", "stderr", "-c", "{config}"],
                VersionArguments = ["-v"],
                Setup = "nginx",
                IsPeer = true,
            },
            haproxy with { Name = "haproxy-again", IsPeer = false, CopyOf = "haproxy" },
            new Contender("direct"),
            new Contender("empty-kestrel")
            {
                Program = "artifacts/empty-kestrel/empty-kestrel",
                Arguments = ["--urls", "http://127.0.0.1:{port}", "--Logging:LogLevel:Default", "Warning"],
                StartsOnly = true,
            },
        ];
    }
}
