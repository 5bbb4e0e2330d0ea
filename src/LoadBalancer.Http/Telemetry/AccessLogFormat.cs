namespace LoadBalancer.Http.Telemetry;

/// <summary>The form of a request's line: the file's <c>log.format</c>.</summary>
internal enum AccessLogFormat : byte
{
    /// <summary>A flat JSON object, see <see cref="JsonRequestLine"/>.</summary>
    Json,

    /// <summary>The combined format of NCSA and Apache, see <see cref="CombinedRequestLine"/>.</summary>
    Combined,
}
