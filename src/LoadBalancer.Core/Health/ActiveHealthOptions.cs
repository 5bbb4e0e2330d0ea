using LoadBalancer.Configuration;

namespace LoadBalancer.Health;

/// <summary>How endpoints are probed: the file's <c>health.active</c>.</summary>
public sealed record ActiveHealthOptions : IConfigurable<ActiveHealthOptions>
{
    /// <inheritdoc/>
    public static Shape<ActiveHealthOptions> Shape { get; } = new(
        "active_health", "Probes that ask every endpoint whether it is well.", "{type: http, path: /healthz, interval: 5s, timeout: 2s}", () => new())
    {
        {
            "type", Kinds.Word(ProbeCatalog.Names), o => o.Type, (o, value) => o with { Type = value },
            "What a probe does. `tcp`: a connect is the answer. `tls`: a TLS handshake is. `http`: the answer to a request is. " +
            "`grpc`: the answer of gRPC's health service is (`grpc.health.v1`), over HTTP/2."
        },
        {
            "interval", Kinds.Duration("100ms", "1h"), o => o.Interval, (o, value) => o with { Interval = value },
            "From the start of one probe to the start of the next."
        },
        {
            "timeout", Kinds.Duration("10ms", "1m"), o => o.Timeout, (o, value) => o with { Timeout = value },
            "A probe without an answer for this long has failed."
        },
        {
            "healthy_after", Kinds.Integer(1, 100), o => o.HealthyAfter, (o, value) => o with { HealthyAfter = value },
            "Successes in a row that make an unhealthy endpoint healthy."
        },
        {
            "unhealthy_after", Kinds.Integer(1, 100), o => o.UnhealthyAfter, (o, value) => o with { UnhealthyAfter = value },
            "Failures in a row that make a healthy endpoint unhealthy."
        },
        {
            "jitter", Kinds.Percent("0%", "100%"), o => o.Jitter, (o, value) => o with { Jitter = value },
            "Each interval is drawn from ± this share of itself, so that instances do not probe in step."
        },
        {
            "port", Kinds.Integer(1, 65_535).OrNothing("endpoint"), o => o.Port, (o, value) => o with { Port = value },
            "The port that is probed, where that is not the traffic's; `endpoint` is the endpoint's own."
        },
        {
            "tls", Kinds.Record<ProbeTlsOptions>().Or("off", ProbeTlsOptions.Off).OrNull("upstream"), o => o.Tls, (o, value) => o with { Tls = value },
            "How the probe speaks TLS. `upstream`: as the traffic does. `off`: not at all. With `type: http` or `grpc`: the request goes over TLS, `{}` without a look at the certificate. " +
            "With `type: tls`: what is expected of the certificate."
        },
        {
            "method", Kinds.Word("GET", "HEAD"), o => o.Method, (o, value) => o with { Method = value },
            "With `type: http`: the request's method."
        },
        {
            "path", Kinds.RequestPath, o => o.Path, (o, value) => o with { Path = value },
            "With `type: http`: the request's path, sent as it is written."
        },
        {
            "host", Kinds.HostHeader.OrNull("endpoint"), o => o.Host, (o, value) => o with { Host = value },
            "With `type: http` or `grpc`: the request's Host header; `endpoint` is `tls.server_name`, or else the endpoint's address."
        },
        {
            "service", Kinds.Text(most: 100).OrNull("none"), o => o.Service, (o, value) => o with { Service = value },
            "With `type: grpc`: the service whose health is asked for; `none` is the whole endpoint's."
        },
        {
            "status", Kinds.List(Kinds.IntegerRange("a status", 100, 599)), o => o.Status, (o, value) => o with { Status = value },
            "With `type: http`: the statuses of a healthy endpoint. No redirect is followed: it is healthy where its status is listed."
        },
        {
            "body", Kinds.Text(most: 256).OrNull("none"), o => o.Body, (o, value) => o with { Body = value },
            "With `type: http`: a text that the body must contain, within its first 64 KiB; `none`: the body is not looked at."
        },
    };

    /// <summary>The probe's name in the catalogue of probes.</summary>
    public string Type { get; init; } = "tcp";

    /// <summary>From the start of one probe to the start of the next.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A probe without an answer for this long has failed.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Successes in a row that make an unhealthy endpoint healthy.</summary>
    public int HealthyAfter { get; init; } = 2;

    /// <summary>Failures in a row that make a healthy endpoint unhealthy.</summary>
    public int UnhealthyAfter { get; init; } = 3;

    /// <summary>Each interval is drawn from ± this share of itself, so that instances do not probe in step; 0 to 1.</summary>
    public double Jitter { get; init; } = 0.1;

    /// <summary>The port that is probed; null is the endpoint's own.</summary>
    public int? Port { get; init; }

    /// <summary>How the probe speaks TLS; null where it does not, or where <c>type: tls</c> looks at the handshake alone. Null is what the upstream does.</summary>
    public ProbeTlsOptions? Tls { get; init; }

    /// <summary>The method of an HTTP request.</summary>
    public string Method { get; init; } = "GET";

    /// <summary>The path and query of an HTTP request.</summary>
    public string Path { get; init; } = "/";

    /// <summary>The Host header of an HTTP request; null is the server name, or else the endpoint's address.</summary>
    public string? Host { get; init; }

    /// <summary>The gRPC service that is asked about; null is the whole endpoint.</summary>
    public string? Service { get; init; }

    /// <summary>The statuses of a healthy endpoint.</summary>
    public ValueList<IntegerRange> Status { get; init; } = [new(200, 299)];

    /// <summary>A text that the body must contain; null is none.</summary>
    public string? Body { get; init; }
}
