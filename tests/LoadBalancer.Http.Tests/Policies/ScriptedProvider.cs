using LoadBalancer.Faults;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Tests.Policies;

/// <summary>A provider that says what it is told; its credential is the field of its name.</summary>
internal sealed class ScriptedProvider(string name, ProviderAnswer answer, bool later = false) : IdentityProvider(name)
{
    private readonly byte[] _field = System.Text.Encoding.ASCII.GetBytes(name);

    /// <inheritdoc/>
    public override bool IsPresent(Exchange exchange) => exchange.Request.Fields.Find(_field) >= 0;

    /// <inheritdoc/>
    public override async ValueTask<ProviderAnswer> IdentifyAsync(Exchange exchange)
    {
        if (later)
        {
            await Task.Yield();
        }

        return answer;
    }

    /// <inheritdoc/>
    public override byte[]? Challenge(FaultKind why) => System.Text.Encoding.ASCII.GetBytes($"{Name} {why}");

    /// <inheritdoc/>
    public override void RemoveCredential(Exchange exchange) => exchange.Request.Fields.Remove(_field);
}
