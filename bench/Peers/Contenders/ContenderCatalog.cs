namespace LoadBalancer.Peers.Contenders;

/// <summary>Every contender.</summary>
internal static class ContenderCatalog
{
    /// <summary>The JIT recompiles what turned out to be hot; on one core that takes 3 to 6 s of load.</summary>
    private static readonly TimeSpan JitWarmUp = TimeSpan.FromSeconds(5);

    /// <param name="lb">The published lb's file.</param>
    public static IReadOnlyList<Contender> All(string lb)
    {
        var haproxy = new Contender("haproxy")
        {
            Program = "haproxy",
            Template = "haproxy.cfg",
            Arguments = ["-db", "-f", "{config}"],
            VersionArguments = ["-v"],
            Services = [.. Enum.GetValues<Service>().Where(service => service is not (Service.Gateway or Service.Guarded or Service.Routes))],
            Remedy = ".ci/setup haproxy",
            LogsToOutput = true,
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
                Remedy = "make publish",
                WarmUp = JitWarmUp,
            },
            haproxy,
            new Contender("nginx")
            {
                Program = "nginx",
                Template = "nginx.conf",
                Arguments = ["-e", "stderr", "-c", "{config}"],
                VersionArguments = ["-v"],
                Services = [Service.Tcp, Service.Http, Service.LoggedHttp, Service.Https, Service.Http2, Service.Limit, Service.Cache, Service.Tls],
                Remedy = ".ci/setup nginx",
                IsPeer = true,
            },
            new Contender("caddy")
            {
                Program = "caddy",
                Template = "Caddyfile",
                Arguments = ["run", "--adapter", "caddyfile", "--config", "{config}"],
                VersionArguments = ["version"],
                Services = [Service.Http, Service.LoggedHttp, Service.Https, Service.Http2],
                Remedy = ".ci/setup caddy",
                IsPeer = true,
            },
            new Contender("yarp")
            {
                Program = "artifacts/yarp/yarp",
                Template = "yarp.json",
                Arguments = ["{config}"],
                VersionArguments = ["--version"],
                Services = [Service.Http, Service.LoggedHttp, Service.Https, Service.Http2],
                Remedy = "make artifacts/yarp/yarp",
                IsPeer = true,
                WarmUp = JitWarmUp,
            },
            haproxy with { Name = "haproxy-again", IsPeer = false, CopyOf = "haproxy" },
            new Contender("direct") { Services = [Service.Tcp, Service.Http, Service.LoggedHttp] },
            new Contender("empty-kestrel")
            {
                Program = "artifacts/empty-kestrel/empty-kestrel",
                Arguments = ["--urls", "http://127.0.0.1:{port}", "--Logging:LogLevel:Default", "Warning"],
                Remedy = "make artifacts/empty-kestrel/empty-kestrel",
                StartsOnly = true,
            },
        ];
    }
}
