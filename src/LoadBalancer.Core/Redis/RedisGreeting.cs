using System.Buffers;
using System.IO.Pipelines;
using LoadBalancer.Configuration;

namespace LoadBalancer.Redis;

/// <summary>What is said first on a connection: who asks, of which database, whether the server answers at all, and whether it takes writes. On a loop.</summary>
/// <param name="options">What the file says.</param>
/// <param name="address">Whom it is said to.</param>
/// <param name="time">The clock.</param>
internal sealed class RedisGreeting(RedisOptions options, RedisAddress address, TimeProvider time)
{
    // Changes nothing, and is refused, or put off, wherever a script that counts would be.
    private static readonly string[] Probe = ["EVAL", "return redis.call('DEL', KEYS[1])", "1", "lb:probe"];

    private enum Word
    {
        Auth,
        Select,
        Name,
        Ping,
        Probe,
    }

    /// <summary>Greets the server; null where it is well, or what is wrong, without a secret.</summary>
    /// <param name="transport">The connection. Whoever does not want to wait any more aborts it.</param>
    /// <param name="mustBeQuick">True where the server is only well if it answers within the timeout.</param>
    public async Task<string?> MeetAsync(IDuplexPipe transport, bool mustBeQuick)
    {
        var said = Write(transport.Output);
        var began = time.GetTimestamp();
        await transport.Output.FlushAsync();
        foreach (var word in said)
        {
            RedisReply reply;
            while (true)
            {
                var read = await transport.Input.ReadAsync();
                var bytes = read.Buffer.IsSingleSegment ? read.Buffer.First : read.Buffer.ToArray();
                var status = RespReader.TryRead(bytes.Span, out reply, out var length);
                if (status == RespStatus.Whole)
                {
                    transport.Input.AdvanceTo(read.Buffer.GetPosition(length));
                    break;
                }

                if (status == RespStatus.Malformed)
                {
                    return "what it answers is not the protocol of Redis";
                }

                if (read.IsCompleted)
                {
                    return read.Buffer.IsEmpty && time.GetElapsedTime(began).TotalMilliseconds >= RedisLink.PatienceMs ? "no answer in time" : "it ended the connection without an answer";
                }

                transport.Input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }

            if (Failure(word, reply) is { } failure)
            {
                return failure;
            }
        }

        return mustBeQuick && time.GetElapsedTime(began) > options.Timeout ? $"it answers, but not within {options.Timeout.TotalMilliseconds} ms" : null;
    }

    private List<Word> Write(PipeWriter output)
    {
        var said = new List<Word>();
        var (user, password) = (options.User ?? address.User, options.Password ?? address.Password);
        if (password is not null)
        {
            Say(Word.Auth, user is null ? ["AUTH", password.Reveal()] : ["AUTH", user, password.Reveal()]);
        }

        if ((address.Database ?? options.Database) is var database and > 0)
        {
            Say(Word.Select, ["SELECT", database.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        }

        Say(Word.Name, ["CLIENT", "SETNAME", "lb"]);
        Say(Word.Ping, ["PING"]);
        Say(Word.Probe, Probe);
        return said;

        void Say(Word word, string[] words)
        {
            said.Add(word);
            var room = new byte[4 * 1024];
            var command = new RedisCommand(System.Text.Encoding.UTF8.GetBytes(words[0]), room);
            for (var index = 1; index < words.Length; index++)
            {
                command.Add(words[index]);
            }

            output.Write(System.Text.Encoding.ASCII.GetBytes($"*{words.Length}\r\n"));
            output.Write(command.Encoded);
        }
    }

    // A server that does not know AUTH answers with what it was sent: of such an error only its first word is shown.
    private static string? Failure(Word word, in RedisReply reply) => word switch
    {
        Word.Auth when reply.Kind == RedisReplyKind.Error => $"the user or the password is refused ({Code(reply)})",
        Word.Select when reply.Kind == RedisReplyKind.Error => $"there is no such database: {ScalarNode.Clean(reply.Error)}",
        Word.Ping when reply.IsError("NOAUTH") => "it wants a password",
        Word.Ping when reply.IsError("LOADING") => "it is reading its data",
        Word.Ping when reply.Kind == RedisReplyKind.Error && !reply.IsError("NOPERM") => ScalarNode.Clean(reply.Error),

        // Any other error of it is one of the first command that is asked, too, and told of then.
        Word.Probe when reply.IsCausedBy("READONLY") => RedisLink.Replica,
        _ => null,
    };

    private static string Code(in RedisReply reply) => reply.Error.Split(' ')[0];
}
