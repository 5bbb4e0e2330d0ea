namespace LoadBalancer.Tls;

/// <summary>One key of session tickets (RFC 5077 section 4). Immutable.</summary>
/// <param name="Name">Which key encrypted a ticket: 16 bytes.</param>
/// <param name="Mac">The key of the ticket's authenticity (HMAC with SHA-256): 32 bytes.</param>
/// <param name="Cipher">The key of the ticket's encryption (AES-256 in CBC mode): 32 bytes.</param>
internal sealed record TicketKey(byte[] Name, byte[] Mac, byte[] Cipher)
{
    /// <summary>How many bytes they are all together.</summary>
    public const int Bytes = 80;

    /// <summary>The bytes as the file of keys has them.</summary>
    public string Text => Convert.ToBase64String([.. Name, .. Cipher, .. Mac]);

    /// <summary>A key of these <see cref="Bytes"/> bytes: name, cipher, MAC.</summary>
    public static TicketKey From(ReadOnlySpan<byte> bytes) => new(bytes[..16].ToArray(), bytes[48..80].ToArray(), bytes[16..48].ToArray());
}
