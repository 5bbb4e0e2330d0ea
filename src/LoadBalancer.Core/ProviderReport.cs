namespace LoadBalancer;

/// <summary>News of a way to establish who calls: an issuer or check service that cannot be asked, or can be again.</summary>
/// <param name="Provider">Its name in the file's <c>auth</c>.</param>
/// <param name="Failure">What is wrong, as a sentence without a capital and without a secret; null where it is well again.</param>
internal sealed record ProviderReport(string Provider, string? Failure);
