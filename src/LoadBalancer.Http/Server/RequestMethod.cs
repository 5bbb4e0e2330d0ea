namespace LoadBalancer.Http.Server;

/// <summary>The method of a request (RFC 9110 section 9). Methods are case-sensitive; the text is in <see cref="RequestHead.MethodText"/>.</summary>
internal enum RequestMethod : byte
{
    /// <summary>Any other token.</summary>
    Other,

    /// <summary>GET.</summary>
    Get,

    /// <summary>HEAD.</summary>
    Head,

    /// <summary>POST.</summary>
    Post,

    /// <summary>PUT.</summary>
    Put,

    /// <summary>DELETE.</summary>
    Delete,

    /// <summary>PATCH (RFC 5789).</summary>
    Patch,

    /// <summary>OPTIONS.</summary>
    Options,

    /// <summary>TRACE.</summary>
    Trace,

    /// <summary>CONNECT.</summary>
    Connect,
}
