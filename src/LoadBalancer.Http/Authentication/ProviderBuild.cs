using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Authentication;

/// <summary>What a provider is built from.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Options">What the file says of it.</param>
/// <param name="Consumers">The callers that the file declares.</param>
/// <param name="Previous">The provider of that name so far, from which it may adopt what it knows; null for none.</param>
/// <param name="Context">The clock, seeds, and whom to tell.</param>
internal sealed record ProviderBuild(string Name, ProviderOptions Options, ValueMap<ConsumerOptions> Consumers, IdentityProvider? Previous, BuildContext Context);
