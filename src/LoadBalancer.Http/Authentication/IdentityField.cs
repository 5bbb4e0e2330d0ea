using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Authentication;

/// <summary>A header field that tells the endpoint of an identity; valid for certain, since it is written as it stands.</summary>
/// <param name="Known">Which field it is.</param>
/// <param name="Name">Its name, as the file's <c>forward</c> writes it.</param>
/// <param name="Value">Its value.</param>
internal readonly record struct IdentityField(KnownHeader Known, byte[] Name, byte[] Value);
