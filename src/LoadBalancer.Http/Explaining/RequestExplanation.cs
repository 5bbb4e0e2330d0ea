namespace LoadBalancer.Http.Explaining;

/// <summary>The request that is explained, as lb sees it.</summary>
/// <param name="Method">The method.</param>
/// <param name="Url">The URL that was asked for, without values that are secret.</param>
/// <param name="Host">The host that routing goes by; empty where the head was refused before it was read.</param>
/// <param name="Path">The canonical path that routing goes by; empty likewise.</param>
/// <param name="Client">The client's address: the peer's, or what a trusted proxy says; null where nothing says so.</param>
internal sealed record RequestExplanation(string Method, string Url, string Host, string Path, string? Client);
