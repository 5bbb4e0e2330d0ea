using System.Net.Security;
using System.Text;

namespace LoadBalancer.Tests.Connections.Sniffing;

/// <summary>ClientHellos to order, byte by byte, and one of a real client.</summary>
internal static class SampleHello
{
    /// <summary>A handshake message with the extensions given, in records of at most <paramref name="recordBytes"/>.</summary>
    public static byte[] Of(byte[] extensions, int recordBytes = 16 * 1024) => Records(Message(extensions), recordBytes);

    /// <summary>One that asks for <paramref name="names"/>, after a GREASE extension and one that is unknown.</summary>
    public static byte[] For(params string[] names) =>
        Of([.. Extension(0x0A0A, []), .. Extension(0xFF99, [1, 2, 3]), .. Extension(0, NameList([.. names.Select(name => (0, Encoding.Latin1.GetBytes(name)))]))]);

    /// <summary>The handshake message, without records.</summary>
    public static byte[] Message(byte[] extensions)
    {
        byte[] body =
        [
            3, 3, .. new byte[32], 32, .. new byte[32], 0, 4, 0x0A, 0x0A, 0x13, 0x01, 1, 0, (byte)(extensions.Length >> 8), (byte)extensions.Length, .. extensions,
        ];
        return [1, (byte)(body.Length >> 16), (byte)(body.Length >> 8), (byte)body.Length, .. body];
    }

    /// <summary>An extension.</summary>
    public static byte[] Extension(int type, byte[] data) => [(byte)(type >> 8), (byte)type, (byte)(data.Length >> 8), (byte)data.Length, .. data];

    /// <summary>The data of a server_name extension.</summary>
    public static byte[] NameList(params (int Type, byte[] Name)[] names)
    {
        byte[] list = [.. names.SelectMany(name => (byte[])[(byte)name.Type, (byte)(name.Name.Length >> 8), (byte)name.Name.Length, .. name.Name])];
        return [(byte)(list.Length >> 8), (byte)list.Length, .. list];
    }

    /// <summary>A message cut into handshake records.</summary>
    public static byte[] Records(byte[] message, int recordBytes) =>
        [.. message.Chunk(recordBytes).SelectMany(part => (byte[])[22, 3, 1, (byte)(part.Length >> 8), (byte)part.Length, .. part])];

    /// <summary>What the platform's own TLS client sends first.</summary>
    public static async Task<byte[]> OfRealClientAsync(string name)
    {
        using var wire = new FirstFlight();
        await using var client = new SslStream(wire, leaveInnerStreamOpen: true);
        try
        {
            await client.AuthenticateAsClientAsync(name);
        }
        catch (IOException)
        {
            // Nobody answers.
        }

        return wire.Sent.ToArray();
    }

    private sealed class FirstFlight : MemoryStream
    {
        public MemoryStream Sent { get; } = new();

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromResult(0);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => Sent.WriteAsync(buffer, cancellationToken);
    }
}
