namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>What an <see cref="AnsweringEndpoint"/> does with a request that it has read whole.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Status">The status, where it answers.</param>
/// <param name="Body">The body, where it answers.</param>
internal readonly record struct Answer(AnswerKind Kind, int Status = 200, string Body = "")
{
    /// <summary>No answer.</summary>
    public static Answer Silence => new(AnswerKind.Silence);

    /// <summary>A reset.</summary>
    public static Answer Reset => new(AnswerKind.Reset);

    /// <summary>A whole response.</summary>
    public static Answer With(string body, int status = 200) => new(AnswerKind.Response, status, body);
}
