using System.Security.Cryptography;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Authentication.Basic;

/// <summary>One password that is to be verified, and whoever waits for that. Made on a loop, run once by a worker.</summary>
/// <param name="users">Who is known.</param>
/// <param name="user">The user.</param>
/// <param name="password">The password, and a NUL behind it; forgotten after the check.</param>
/// <param name="key">By which what comes of it is remembered; null where nothing is to be.</param>
/// <param name="began">When it began to wait, as <see cref="TimeProvider.GetTimestamp"/>.</param>
/// <param name="client">Whose it is, by address; null for one without.</param>
internal sealed class PasswordCheck(PasswordTable users, string user, byte[] password, byte[]? key, long began, ulong? client = null) : PendingWork
{
    private readonly TaskCompletionSource<PasswordVerdict> _ended = new();

    /// <summary>When it began to wait.</summary>
    public long Began => began;

    /// <summary>Whose it is; null for a client without an address.</summary>
    public ulong? Client => client;

    /// <summary>What came of it. It ends on whichever thread ends it.</summary>
    public Task<PasswordVerdict> Ended => _ended.Task;

    /// <summary>Looks; on a worker. Nobody who has given up costs anything.</summary>
    public void Run() => End(_ended.Task.IsCompleted ? PasswordVerdict.Unknown : users.Verify(user, password, key));

    /// <summary>It waited too long.</summary>
    public void Expire() => End(PasswordVerdict.Unknown);

    /// <inheritdoc/>
    public override void GiveUp(Fault fault) => _ended.TrySetResult(PasswordVerdict.Unknown);

    private void End(PasswordVerdict verdict)
    {
        CryptographicOperations.ZeroMemory(password);
        _ended.TrySetResult(verdict);
    }
}
