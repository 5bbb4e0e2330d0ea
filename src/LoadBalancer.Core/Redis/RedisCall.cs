using System.Buffers;
using System.Buffers.Text;
using System.Threading.Tasks.Sources;

namespace LoadBalancer.Redis;

/// <summary>
/// A command under way, with its words, since a server may say that it is to be sent in another form or elsewhere. From a pool of its loop, to which
/// it goes back with its reply. Touched only on its loop.
/// </summary>
internal sealed class RedisCall(RedisLoop owner) : IValueTaskSource<RedisReply>
{
    /// <summary>How often a command is sent elsewhere at most: slots move, but not that fast.</summary>
    public const int MostRedirects = 5;

    // What most commands are, so that a pool of many is small.
    private const int FirstBytes = 256;

    private ManualResetValueTaskSourceCore<RedisReply> _completion;
    private byte[] _words = new byte[FirstBytes];
    private int _length;
    private int _count;
    private bool _isForgotten;

    /// <summary>The script that it calls; null for another command.</summary>
    public RedisScript? Script { get; private set; }

    /// <summary>True where the script is sent whole.</summary>
    public bool IsWhole { get; set; }

    /// <summary>True where ASKING goes before it, whose answer comes first.</summary>
    public bool IsAsking { get; set; }

    /// <summary>False where no server can have seen it, since it was last put in line for one.</summary>
    public bool IsSent { get; private set; }

    /// <summary>The slot of its key; -1 without one.</summary>
    public int Slot { get; private set; }

    /// <summary>How often it was sent elsewhere.</summary>
    public int Redirects { get; set; }

    /// <summary>When it was sent, in the loop's milliseconds.</summary>
    public long SentMs { get; private set; }

    /// <summary>The same as a timestamp.</summary>
    public long Sent { get; private set; }

    /// <summary>Its reply; completes inline on the loop. Awaited once.</summary>
    public ValueTask<RedisReply> Reply => new(this, _completion.Version);

    /// <summary>Becomes this command.</summary>
    public void Set(in RedisCommand command, int slot)
    {
        if (_words.Length < command.Encoded.Length)
        {
            _words = new byte[command.Encoded.Length];
        }

        command.Encoded.CopyTo(_words);
        (_length, _count, Script, Slot) = (command.Encoded.Length, command.Words, command.Script, slot);
    }

    /// <summary>It stands in line for a server, for the first time or since another has said that it did not do it.</summary>
    public void Wait(long nowMs, long now) => (IsSent, SentMs, Sent) = (false, nowMs, now);

    /// <summary>Nobody awaits the reply.</summary>
    public void Forget() => _isForgotten = true;

    /// <summary>Writes it as it is sent.</summary>
    public void WriteTo(IBufferWriter<byte> output)
    {
        IsSent = true;
        if (IsAsking)
        {
            output.Write("*1\r\n$6\r\nASKING\r\n"u8);
        }

        var head = output.GetSpan(16);
        head[0] = (byte)'*';
        Utf8Formatter.TryFormat(_count + (Script is null ? 0 : RedisScript.HeadWords), head[1..], out var digits);
        head[1 + digits] = (byte)'\r';
        head[2 + digits] = (byte)'\n';
        output.Advance(3 + digits);
        if (Script is not null)
        {
            output.Write(IsWhole ? Script.Whole : Script.ByDigest);
        }

        output.Write(_words.AsSpan(0, _length));
    }

    /// <summary>Its end; whoever awaits goes on inline.</summary>
    public void Complete(in RedisReply reply)
    {
        if (_isForgotten)
        {
            Return();
        }
        else
        {
            _completion.SetResult(reply);
        }
    }

    RedisReply IValueTaskSource<RedisReply>.GetResult(short token)
    {
        var reply = _completion.GetResult(token);
        _completion.Reset();
        Return();
        return reply;
    }

    ValueTaskSourceStatus IValueTaskSource<RedisReply>.GetStatus(short token) => _completion.GetStatus(token);

    void IValueTaskSource<RedisReply>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _completion.OnCompleted(continuation, state, token, ValueTaskSourceOnCompletedFlags.None);

    private void Return()
    {
        Script = null;
        _isForgotten = IsWhole = IsAsking = false;
        Redirects = 0;
        owner.Return(this);
    }
}
