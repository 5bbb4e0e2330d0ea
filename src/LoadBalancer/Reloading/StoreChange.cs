using LoadBalancer.Redis;
using LoadBalancer.SharedLimits;
using LoadBalancer.Tls;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Daemon.Reloading;

/// <summary>
/// What a configuration makes of the store in which instances count together: nothing where it names the same. Another Redis is connected to before it is
/// used, and the one before answers what it was asked. Either <see cref="CommitAsync"/> or <see cref="DiscardAsync"/> follows, once.
/// </summary>
internal sealed class StoreChange
{
    private readonly RedisLimitStore? _running;
    private readonly RedisClient? _next;

    private StoreChange(RedisLimitStore? store, RedisLimitStore? running, RedisClient? next) => (Store, _running, _next) = (store, running, next);

    /// <summary>The store of the next configuration; null for none. It is the one that runs, where there is one: limits keep their objects.</summary>
    public RedisLimitStore? Store { get; }

    /// <summary>Prepares it.</summary>
    /// <param name="options">What the file says; null for none.</param>
    /// <param name="running">What runs; null for none.</param>
    /// <param name="loops">Who asks.</param>
    /// <param name="context">The clock, and whom to tell.</param>
    /// <exception cref="IOException">A file of its TLS is no use.</exception>
    public static StoreChange Begin(RedisOptions? options, RedisLimitStore? running, LoopGroup loops, BuildContext context)
    {
        if (options is null || running?.Client.Options == options)
        {
            return new StoreChange(options is null ? null : running, running, null);
        }

        try
        {
            var client = new RedisClient(options, loops.Loops, context.Time, context.Tls, context.Tell, context.OnBug);
            client.Open();
            return new StoreChange(running ?? new RedisLimitStore(client, loops.Loops), running, client);
        }
        catch (TlsSetupException error)
        {
            throw new IOException($"state.redis has no TLS: {error.File ?? options.Tls?.Cert ?? options.Tls?.Ca} is no use: {error.Message}", error);
        }
    }

    /// <summary>Uses it from here on; ends when nothing is asked of the one before any more.</summary>
    public Task CommitAsync() =>
        Store is null ? _running?.CloseAsync() ?? Task.CompletedTask
        : _next is null || _running is null ? Task.CompletedTask
        : _running.UseAsync(_next);

    /// <summary>Undoes it.</summary>
    public Task DiscardAsync() => _next?.CloseAsync() ?? Task.CompletedTask;
}
