using System.Security.Cryptography;

namespace LoadBalancer.Tls;

/// <summary>
/// The keys of session tickets: the first encrypts, the others are still taken. They change under running sessions, so that a key that was
/// stolen is of no use for long. Thread-safe.
/// </summary>
/// <param name="keys">At least one, the current one first.</param>
internal sealed class TicketKeys(params TicketKey[] keys)
{
    private readonly Live<TicketKey[]> _keys = new(keys);

    /// <summary>The keys now, the current one first.</summary>
    public ReadOnlySpan<TicketKey> Current => _keys.Current;

    /// <summary>From here on these are taken, and the first encrypts.</summary>
    public void Change(params TicketKey[] next) => _keys.Swap(next);

    /// <summary>A key that nobody else has.</summary>
    public static TicketKey NewKey()
    {
        Span<byte> bytes = stackalloc byte[TicketKey.Bytes];
        RandomNumberGenerator.Fill(bytes);
        return TicketKey.From(bytes);
    }
}
