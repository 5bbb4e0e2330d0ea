namespace LoadBalancer.Http.Explaining;

/// <summary>What the client would get.</summary>
/// <param name="Outcome"><c>forwarded</c>, <c>answered</c> by lb as the file says, <c>refused</c>, or <c>closed</c>: the connection is, before any request.</param>
/// <param name="Status">The status; null where an endpoint decides it, and where the connection is closed.</param>
/// <param name="Code">The reason code of the problem body, log and metrics; null where nothing failed.</param>
/// <param name="Reason">The same as a sentence; null likewise.</param>
/// <param name="Fields">The header fields of a response of lb's own, a line each.</param>
internal sealed record AnswerExplanation(string Outcome, int? Status, string? Code, string? Reason, IReadOnlyList<string> Fields)
{
    /// <summary>True where the request would reach an endpoint, or what the file answers in place of one.</summary>
    public bool Passes => Outcome is "forwarded" or "answered";
}
