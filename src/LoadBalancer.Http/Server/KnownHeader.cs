namespace LoadBalancer.Http.Server;

/// <summary>The fields that lb itself looks at; a name is compared once, when its line is parsed, and is a number from there on.</summary>
internal enum KnownHeader : byte
{
    /// <summary>Any other field.</summary>
    Other,

    /// <summary>accept-encoding.</summary>
    AcceptEncoding,

    /// <summary>authorization.</summary>
    Authorization,

    /// <summary>cache-control.</summary>
    CacheControl,

    /// <summary>connection.</summary>
    Connection,

    /// <summary>content-encoding.</summary>
    ContentEncoding,

    /// <summary>content-length.</summary>
    ContentLength,

    /// <summary>content-type.</summary>
    ContentType,

    /// <summary>cookie.</summary>
    Cookie,

    /// <summary>date.</summary>
    Date,

    /// <summary>expect.</summary>
    Expect,

    /// <summary>forwarded (RFC 7239).</summary>
    Forwarded,

    /// <summary>host.</summary>
    Host,

    /// <summary>http2-settings.</summary>
    Http2Settings,

    /// <summary>if-match.</summary>
    IfMatch,

    /// <summary>if-modified-since.</summary>
    IfModifiedSince,

    /// <summary>if-none-match.</summary>
    IfNoneMatch,

    /// <summary>if-unmodified-since.</summary>
    IfUnmodifiedSince,

    /// <summary>keep-alive.</summary>
    KeepAlive,

    /// <summary>location.</summary>
    Location,

    /// <summary>max-forwards.</summary>
    MaxForwards,

    /// <summary>origin.</summary>
    Origin,

    /// <summary>proxy ("httpoxy").</summary>
    Proxy,

    /// <summary>proxy-authenticate.</summary>
    ProxyAuthenticate,

    /// <summary>proxy-authorization.</summary>
    ProxyAuthorization,

    /// <summary>proxy-connection.</summary>
    ProxyConnection,

    /// <summary>range.</summary>
    Range,

    /// <summary>referer.</summary>
    Referer,

    /// <summary>sec-websocket-accept.</summary>
    SecWebSocketAccept,

    /// <summary>sec-websocket-key.</summary>
    SecWebSocketKey,

    /// <summary>sec-websocket-version.</summary>
    SecWebSocketVersion,

    /// <summary>server.</summary>
    Server,

    /// <summary>set-cookie.</summary>
    SetCookie,

    /// <summary>te.</summary>
    Te,

    /// <summary>traceparent.</summary>
    TraceParent,

    /// <summary>tracestate.</summary>
    TraceState,

    /// <summary>trailer.</summary>
    Trailer,

    /// <summary>transfer-encoding.</summary>
    TransferEncoding,

    /// <summary>upgrade.</summary>
    Upgrade,

    /// <summary>user-agent.</summary>
    UserAgent,

    /// <summary>via.</summary>
    Via,

    /// <summary>x-accel-buffering.</summary>
    XAccelBuffering,

    /// <summary>x-content-length, which some servers make of a smuggled Content-Length.</summary>
    XContentLength,

    /// <summary>x-forwarded-for.</summary>
    XForwardedFor,

    /// <summary>x-forwarded-host.</summary>
    XForwardedHost,

    /// <summary>x-forwarded-port.</summary>
    XForwardedPort,

    /// <summary>x-forwarded-prefix.</summary>
    XForwardedPrefix,

    /// <summary>x-forwarded-proto.</summary>
    XForwardedProto,

    /// <summary>x-forwarded-server.</summary>
    XForwardedServer,

    /// <summary>x-original-url.</summary>
    XOriginalUrl,

    /// <summary>x-real-ip.</summary>
    XRealIp,

    /// <summary>x-request-id.</summary>
    XRequestId,

    /// <summary>x-rewrite-url.</summary>
    XRewriteUrl,
}
