namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>What an endpoint does with a request.</summary>
internal enum AnswerKind
{
    /// <summary>A whole response.</summary>
    Response,

    /// <summary>The head of a response and a byte of its body, and then a reset.</summary>
    CutBody,

    /// <summary>A reset: of the stream, or of the connection that is one's own.</summary>
    Reset,

    /// <summary>Nothing.</summary>
    Silence,

    /// <summary>An interim response, and then a reset.</summary>
    InterimAndReset,
}
