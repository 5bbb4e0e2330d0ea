namespace LoadBalancer.Tls;

/// <summary>What is wrong with a file of TLS, and with which key that names it.</summary>
/// <param name="Path">The keys from <c>tls</c> on: <c>certificates</c>, <c>0</c>, <c>key</c>.</param>
/// <param name="Message">What is wrong and what to do.</param>
/// <param name="IsWarning">True where it works all the same.</param>
internal sealed record TlsFileFault(IReadOnlyList<string> Path, string Message, bool IsWarning = false);
