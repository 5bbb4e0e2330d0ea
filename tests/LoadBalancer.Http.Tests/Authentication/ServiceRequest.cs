namespace LoadBalancer.Http.Tests.Authentication;

/// <summary>A request that a <see cref="LoopbackService"/> got.</summary>
/// <param name="Method">The method.</param>
/// <param name="Target">Path and query as they came.</param>
/// <param name="Headers">The fields, those of one name joined with a comma.</param>
/// <param name="Body">The content.</param>
internal sealed record ServiceRequest(string Method, string Target, IReadOnlyDictionary<string, string> Headers, string Body)
{
    /// <summary>The path without the query.</summary>
    public string Path => Target.Split('?')[0];

    /// <summary>What is behind the question mark, or the form that was sent.</summary>
    public IReadOnlyDictionary<string, string> Parameters { get; } = (Body.Length > 0 ? Body : Target.Split('?').ElementAtOrDefault(1) ?? "")
        .Split('&', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=', 2))
        .ToDictionary(pair => Decode(pair[0]), pair => Decode(pair.ElementAtOrDefault(1) ?? ""));

    private static string Decode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));
}
