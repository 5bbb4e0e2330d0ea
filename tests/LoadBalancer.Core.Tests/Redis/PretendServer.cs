using System.Net;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Redis;

namespace LoadBalancer.Tests.Redis;

/// <summary>Takes the place of a server whose answers are the test's: for what a real one does only at moments that cannot be chosen, or in another version.</summary>
internal sealed class PretendServer : IDisposable
{
    private readonly Socket _listener = Loopback.Listen();
    private readonly CancellationTokenSource _end = new();
    private readonly Func<int, string[], string> _answer;
    private readonly Task _accepting;
    private int _connections;

    /// <summary>Starts it.</summary>
    /// <param name="answer">The answer to a script, or another command than those that greet, by the number of the connection and the words.</param>
    public PretendServer(Func<int, string[], string> answer)
    {
        _answer = answer;
        _accepting = AcceptAsync();
    }

    /// <summary>No answer.</summary>
    public static string Silence => "";

    /// <summary>No answer, and the end of the connection.</summary>
    public static string End => "end";

    /// <summary>Where it listens.</summary>
    public IPEndPoint Address => (IPEndPoint)_listener.LocalEndPoint!;

    /// <summary>How many connections it has taken.</summary>
    public int Connections => Volatile.Read(ref _connections);

    public void Dispose()
    {
        _end.Cancel();
        _listener.Dispose();
        Assert.That(_accepting.Wait(Loopback.TimeoutMs), Is.True);
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        var open = new List<Task>();
        try
        {
            while (true)
            {
                open.Add(AnswerAsync(await _listener.AcceptAsync(_end.Token), Interlocked.Increment(ref _connections)));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(open);
        }
    }

    private async Task AnswerAsync(Socket client, int connection)
    {
        var bytes = new byte[64 * 1024];
        var length = 0;
        try
        {
            for (int read; (read = await client.ReceiveAsync(bytes.AsMemory(length), _end.Token)) > 0;)
            {
                length += read;
                while (length > 0 && RespReader.TryRead(bytes.AsSpan(0, length), out var command, out var taken) == RespStatus.Whole)
                {
                    bytes.AsSpan(taken, length - taken).CopyTo(bytes);
                    length -= taken;
                    var words = Enumerable.Range(0, command.Count).Select(at => Encoding.UTF8.GetString(command[at].Text)).ToArray();
                    var answer = words[0] is "PING" or "AUTH" or "SELECT" or "CLIENT" ? "+OK" : _answer(connection, words);
                    if (answer == End)
                    {
                        return;
                    }

                    await client.SendAsync(Encoding.UTF8.GetBytes(answer == Silence ? "" : answer + "\r\n"), _end.Token);
                }
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException)
        {
            // The test is over, or the client is gone.
        }
        finally
        {
            client.Dispose();
        }
    }
}
