using System.Net.Sockets;
using System.Text;
using LoadBalancer.Redis;

namespace LoadBalancer.Tests.Redis;

/// <summary>Takes the place of a server whose answers are the test's: for what a real one does only at moments that cannot be chosen, or in another version.</summary>
internal sealed class PretendServer : AcceptingServer
{
    private readonly Func<int, string[], string> _answer;

    /// <summary>Starts it.</summary>
    /// <param name="answer">The answer to a script, or another command than those that greet, by the number of the connection and the words.</param>
    public PretendServer(Func<int, string[], string> answer)
    {
        _answer = answer;
        Begin();
    }

    /// <summary>No answer.</summary>
    public static string Silence => "";

    /// <summary>No answer, and the end of the connection.</summary>
    public static string Hangup => "end";

    protected override async Task ServeAsync(Socket client, int number)
    {
        var bytes = new byte[64 * 1024];
        var length = 0;
        for (int read; (read = await client.ReceiveAsync(bytes.AsMemory(length), End)) > 0;)
        {
            length += read;
            while (length > 0 && RespReader.TryRead(bytes.AsSpan(0, length), out var command, out var taken) == RespStatus.Whole)
            {
                bytes.AsSpan(taken, length - taken).CopyTo(bytes);
                length -= taken;
                var words = Enumerable.Range(0, command.Count).Select(at => Encoding.UTF8.GetString(command[at].Text)).ToArray();
                var answer = words[0] is "PING" or "AUTH" or "SELECT" or "CLIENT" ? "+OK" : _answer(number, words);
                if (answer == Hangup)
                {
                    return;
                }

                await client.SendAsync(Encoding.UTF8.GetBytes(answer == Silence ? "" : answer + "\r\n"), End);
            }
        }
    }
}
