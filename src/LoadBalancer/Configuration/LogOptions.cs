using LoadBalancer.Configuration;
using LoadBalancer.Http.Telemetry;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>What is logged and where: the file's <c>log</c>.</summary>
public sealed record LogOptions : IConfigurable<LogOptions>
{
    /// <inheritdoc/>
    public static Shape<LogOptions> Shape { get; } = new(
        "log", "What is logged and where.", "{level: info, access: /var/log/lb/access.json}", () => new())
    {
        {
            "level", Kinds.Word("debug", "info", "warn", "error"), o => o.Level, (o, value) => o with { Level = value },
            "The least severe line of the daemon's own log on stderr."
        },
        {
            "access", Kinds.FilePath.Or("stdout", "stdout").Or("off", "off"), o => o.Access, (o, value) => o with { Access = value },
            "Where the access log goes: a line for each request of HTTP, and one for each connection that carries none."
        },
        {
            "format", Kinds.Word("json", "combined"), o => o.Format, (o, value) => o with { Format = value },
            "The form of a request's line: a JSON object, or the combined format of NCSA and Apache. A connection's is JSON always."
        },
        {
            "fields", Kinds.List(Kinds.Word("raw_path", "query", "referer", "cipher", "client_subject")), o => o.Fields, (o, value) => o with { Fields = value },
            "What a request's line has beside the rest. `raw_path`, `query` and `referer` are as the client sent them: they may hold names, accounts and secrets. Without `raw_path`, the path is the route's. " +
            "`cipher` is the cipher suite of TLS, `client_subject` the subject of the certificate that the client has shown; `format: combined` has no place for them."
        },
    };

    /// <summary>The least severe line of the daemon's own log on stderr: <c>debug info warn error</c>.</summary>
    public string Level { get; init; } = "info";

    /// <summary>Where the access log goes: <c>off</c>, <c>stdout</c> or a file's absolute path.</summary>
    public string Access { get; init; } = "stdout";

    /// <summary>The form of a request's line: <c>json</c> or <c>combined</c>.</summary>
    public string Format { get; init; } = "json";

    /// <summary>What a request's line has beside the rest: <c>raw_path query referer cipher client_subject</c>.</summary>
    public ValueList<string> Fields { get; init; }

    /// <summary>How requests are written.</summary>
    internal AccessLogStyle Style => new(
        Format == "combined" ? AccessLogFormat.Combined : AccessLogFormat.Json,
        Fields.Aggregate(AccessLogFields.None, (fields, word) => fields | word switch
        {
            "raw_path" => AccessLogFields.RawPath,
            "query" => AccessLogFields.Query,
            "referer" => AccessLogFields.Referer,
            "cipher" => AccessLogFields.Cipher,
            _ => AccessLogFields.ClientSubject,
        }));
}
