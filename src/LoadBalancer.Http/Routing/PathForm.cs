namespace LoadBalancer.Http.Routing;

/// <summary>The forms of a <see cref="PathPattern"/>, the most specific first.</summary>
internal enum PathForm
{
    /// <summary>One path: <c>/trips</c>.</summary>
    Exact,

    /// <summary>Paths of as many segments, some of them captured: <c>/trips/{id}/track</c>.</summary>
    Template,

    /// <summary>A path and all below it, by whole segments: <c>/users/*</c>. Some segments may be captured.</summary>
    Prefix,

    /// <summary>A regular expression.</summary>
    Regex,

    /// <summary>Every path.</summary>
    Any,
}
