using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace LoadBalancer.Daemon.Tests.Scenarios.Chaos;

/// <summary>
/// The socket on which every process of .NET listens for tools (github.com/dotnet/diagnostics, documentation/design-docs/ipc-protocol.md). Through it a test makes
/// another process collect its garbage, as dotnet-gcdump does, without a word in the program for it.
/// </summary>
internal static class DiagnosticPort
{
    private const byte EventPipe = 2;
    private const byte CollectTracing = 2;
    private const int HeaderBytes = 20;
    private const long GcHeapCollect = 0x800000;
    private const int Informational = 4;

    private static ReadOnlySpan<byte> Magic => "DOTNET_IPC_V1\0"u8;

    /// <summary>A full collection of another process; it is over, or under way, when this returns.</summary>
    public static void CollectGarbage(int process)
    {
        // A process that was killed leaves its socket behind, and its number goes to another: the last is of the one that runs.
        var path = Directory.GetFiles(Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"dotnet-diagnostic-{process}-*-socket")).MaxBy(File.GetLastWriteTimeUtc)!;
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = 15_000 };
        socket.Connect(new UnixDomainSocketEndPoint(path));

        // A session with the runtime's own events, of the one kind whose beginning is a collection. It ends with the connection.
        byte[] payload =
        [
            .. Number(1), .. Number(1), .. Number(1),
            .. BitConverter.GetBytes(GcHeapCollect), .. Number(Informational), .. Text("Microsoft-Windows-DotNETRuntime"), .. Number(0),
        ];
        socket.Send([.. Magic, .. BitConverter.GetBytes((ushort)(HeaderBytes + payload.Length)), EventPipe, CollectTracing, 0, 0, .. payload]);
        var answer = new byte[HeaderBytes];
        for (var at = 0; at < answer.Length;)
        {
            var count = socket.Receive(answer, at, answer.Length - at, SocketFlags.None);
            Assert.That(count, Is.Positive, "the diagnostic port closed");
            at += count;
        }

        Assert.That(answer[Magic.Length + 2], Is.EqualTo(0xff));
        Assert.That(answer[Magic.Length + 3], Is.Zero, "the session was refused");
    }

    private static byte[] Number(int value)
    {
        var bytes = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }

    private static byte[] Text(string text) => [.. Number(text.Length + 1), .. Encoding.Unicode.GetBytes(text + '\0')];
}
