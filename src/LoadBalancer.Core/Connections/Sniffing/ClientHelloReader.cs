namespace LoadBalancer.Connections.Sniffing;

/// <summary>
/// Reads the server name (SNI) from a TLS ClientHello (RFC 8446, section 4.1.2; RFC 6066, section 3) without decrypting
/// or answering anything. It keeps nothing between calls: while the outcome is <see cref="ClientHelloOutcome.Incomplete"/>,
/// call it again with more bytes from the start. Never throws, allocates nothing, and looks at no byte behind the message.
/// </summary>
/// <remarks>
/// The whole message is wanted, also behind the name: one with two names would be routed by the first and answered for
/// the second. What it does not know is passed over, so GREASE (RFC 8701) needs no care. With Encrypted Client Hello the
/// name is the outer one, which names the endpoint that can decrypt (RFC 9849): the only one that a router may know.
/// </remarks>
internal static class ClientHelloReader
{
    /// <summary>The longest ClientHello that is taken, in bytes on the wire, the heads of its records included.</summary>
    public const int MaxBytes = 16 * 1024;

    /// <summary>The longest server name, in bytes (RFC 1035, section 2.3.4).</summary>
    public const int MaxNameBytes = 255;

    private const int ClientHello = 1;
    private const int ServerNameExtension = 0;
    private const int HostName = 0;
    private const int RandomBytes = 32;

    /// <summary>Reads the ClientHello that <paramref name="bytes"/> begin with.</summary>
    /// <param name="bytes">Everything received so far; what lies behind <see cref="MaxBytes"/> is not looked at.</param>
    /// <param name="name">Takes the name, at least <see cref="MaxNameBytes"/>: lower case, without a dot at the end.</param>
    /// <param name="nameLength">Its length; 0 where a complete message has no name that a host may have.</param>
    public static ClientHelloOutcome Read(ReadOnlySpan<byte> bytes, Span<byte> name, out int nameLength)
    {
        nameLength = 0;
        var hello = new HandshakeCursor(bytes[..Math.Min(bytes.Length, MaxBytes)]);
        if (hello.Read8() != ClientHello)
        {
            hello.Fail(ClientHelloOutcome.Malformed);
        }

        var length = hello.Read24();
        if (length > MaxBytes)
        {
            hello.Fail(ClientHelloOutcome.TooLong);
        }

        hello.EndAfter(length);
        hello.Skip(sizeof(ushort) + RandomBytes);
        hello.Skip(hello.Read8());
        hello.Skip(hello.Read16());
        hello.Skip(hello.Read8());

        // Before TLS 1.3 the list of extensions may be missing altogether (RFC 5246, section 7.4.1.2).
        if (!hello.IsAtEnd && hello.Read16() != length - (hello.Position - 4))
        {
            hello.Fail(ClientHelloOutcome.Malformed);
        }

        var found = false;
        while (!hello.IsAtEnd)
        {
            var type = hello.Read16();
            var extensionBytes = hello.Read16();
            if (type != ServerNameExtension)
            {
                hello.Skip(extensionBytes);
            }
            else if (found)
            {
                hello.Fail(ClientHelloOutcome.Malformed);
            }
            else
            {
                found = true;
                ReadNames(ref hello, extensionBytes, name, ref nameLength);
            }
        }

        if (hello.Outcome == ClientHelloOutcome.Complete)
        {
            nameLength = Canonical(name[..nameLength]);
            return ClientHelloOutcome.Complete;
        }

        nameLength = 0;
        return hello.Outcome == ClientHelloOutcome.Incomplete && bytes.Length >= MaxBytes ? ClientHelloOutcome.TooLong : hello.Outcome;
    }

    private static void ReadNames(ref HandshakeCursor hello, int extensionBytes, Span<byte> name, ref int nameLength)
    {
        // The list may not be empty.
        var end = hello.Position + extensionBytes;
        if (extensionBytes <= sizeof(ushort) || hello.Read16() != extensionBytes - sizeof(ushort))
        {
            hello.Fail(ClientHelloOutcome.Malformed);
        }

        var found = false;
        while (!hello.IsAtEnd && hello.Position < end)
        {
            // "All data structures associated with new NameTypes MUST begin with a 16-bit length field."
            var type = hello.Read8();
            var bytes = hello.Read16();
            if (bytes == 0 || bytes > end - hello.Position || (type == HostName && found))
            {
                hello.Fail(ClientHelloOutcome.Malformed);
            }
            else if (type == HostName && bytes <= MaxNameBytes)
            {
                hello.Read(name[..bytes]);
                nameLength = bytes;
            }
            else
            {
                hello.Skip(bytes);
            }

            found |= type == HostName;
        }
    }

    /// <summary>Puts a name in the form that names are compared in, and returns its length: 0 where no host can have it.</summary>
    private static int Canonical(Span<byte> name)
    {
        // RFC 6066: without a trailing dot, and no literal address. Clients have sent both.
        name = name is [.., (byte)'.'] ? name[..^1] : name;
        var lastLabelIsNumber = true;
        for (var at = 0; at < name.Length; at++)
        {
            var letter = name[at];
            if (letter == '.')
            {
                if (at == 0 || name[at - 1] == '.')
                {
                    return 0;
                }

                lastLabelIsNumber = true;
            }
            else if (!char.IsAsciiLetterOrDigit((char)letter) && letter is not ((byte)'-' or (byte)'_'))
            {
                return 0;
            }
            else
            {
                lastLabelIsNumber &= char.IsAsciiDigit((char)letter);
                name[at] = (byte)char.ToLowerInvariant((char)letter);
            }
        }

        return lastLabelIsNumber ? 0 : name.Length;
    }
}
