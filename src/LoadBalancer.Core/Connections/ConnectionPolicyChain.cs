using LoadBalancer.Faults;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Connections;

/// <summary>A listener's policies in their order. The first refusal decides; nobody after it is asked. Immutable.</summary>
/// <remarks>Where every policy decides at once, as all do that need no byte, so does the chain, and nothing is allocated.</remarks>
/// <param name="options">What it was built from: equal options keep the chain.</param>
/// <param name="policies">The policies in their order.</param>
internal sealed class ConnectionPolicyChain(ConnectionPolicyOptions options, params ConnectionPolicy[] policies)
{
    /// <summary>What it was built from.</summary>
    public ConnectionPolicyOptions Options => options;

    /// <summary>The policies in their order.</summary>
    public ReadOnlySpan<ConnectionPolicy> Policies => policies;

    /// <summary>The policy of this type, or null; for a reload, which lets the next one adopt what it knows.</summary>
    public T? Find<T>()
        where T : ConnectionPolicy => Array.Find(policies, static policy => policy is T) as T;

    /// <summary>
    /// Asks every policy; on the connection's loop. After <see cref="Fault.None"/> the caller owes one <see cref="Release(EpollConnection)"/>;
    /// after a refusal or an exception nothing is held.
    /// </summary>
    public ValueTask<Fault> AdmitAsync(EpollConnection client)
    {
        var asked = 0;
        try
        {
            for (; asked < policies.Length; asked++)
            {
                var decision = policies[asked].AdmitAsync(client);
                if (!decision.IsCompletedSuccessfully)
                {
                    return ContinueAsync(decision, asked, client);
                }

                var fault = decision.Result;
                if (fault.Failed)
                {
                    Release(client, asked);
                    return new ValueTask<Fault>(fault);
                }
            }
        }
        catch
        {
            Release(client, asked);
            throw;
        }

        return default;
    }

    /// <summary>Gives back what every policy holds for a connection that was let pass; once, on its loop.</summary>
    public void Release(EpollConnection client) => Release(client, policies.Length);

    private async ValueTask<Fault> ContinueAsync(ValueTask<Fault> pending, int asked, EpollConnection client)
    {
        try
        {
            while (true)
            {
                var fault = await pending;
                if (fault.Failed)
                {
                    Release(client, asked);
                    return fault;
                }

                if (++asked == policies.Length)
                {
                    return Fault.None;
                }

                pending = policies[asked].AdmitAsync(client);
            }
        }
        catch
        {
            Release(client, asked);
            throw;
        }
    }

    // In reverse, as scopes end.
    private void Release(EpollConnection client, int count)
    {
        while (count > 0)
        {
            policies[--count].Release(client);
        }
    }
}
