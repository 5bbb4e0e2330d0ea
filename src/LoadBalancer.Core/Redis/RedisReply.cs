using System.Runtime.CompilerServices;
using System.Text;

namespace LoadBalancer.Redis;

/// <summary>
/// The answer to a command. A value: a number and a short list of numbers, which scripts answer with, lie in it and cost nothing; texts and other
/// lists are objects of their own.
/// </summary>
internal readonly struct RedisReply
{
    /// <summary>The longest list of numbers that needs no object.</summary>
    public const int MostNumbers = 16;

    private static readonly object NotSent = new();

    private readonly Numbers _numbers;
    private readonly object? _content;

    private RedisReply(RedisReplyKind kind, int count, Numbers numbers, object? content) =>
        (Kind, Count, _numbers, _content) = (kind, count, numbers, content);

    /// <summary>There is no answer: what was asked may have been done, and may not.</summary>
    public static RedisReply Unavailable => default;

    /// <summary>There is no answer, and what was asked was not done: it was never sent, or the server has said so.</summary>
    public static RedisReply Undone => new(RedisReplyKind.Unavailable, 0, default, NotSent);

    /// <summary>Nothing.</summary>
    public static RedisReply Null => new(RedisReplyKind.Null, 0, default, null);

    /// <summary>What it is.</summary>
    public RedisReplyKind Kind { get; }

    /// <summary>How many items a list has; 0 for what is none.</summary>
    public int Count { get; }

    /// <summary>True where there is an answer that is no error.</summary>
    public bool IsGood => Kind > RedisReplyKind.Error;

    /// <summary>True where what was asked was certainly not done.</summary>
    public bool IsUndone => _content == NotSent;

    /// <summary>The number, where it is one.</summary>
    public long Number => Kind == RedisReplyKind.Number ? _numbers[0] : throw new InvalidOperationException($"the reply is no number but {this}");

    /// <summary>The bytes of a text; empty for anything else.</summary>
    public ReadOnlySpan<byte> Text => Kind == RedisReplyKind.Text ? (byte[])_content! : [];

    /// <summary>The text of an error; empty for anything else.</summary>
    public string Error => Kind == RedisReplyKind.Error ? (string)_content! : "";

    /// <summary>The same for an error of a script in which a command failed: the command's own error, where a server before Redis 7 wraps it.</summary>
    /// <remarks><c>ERR Error running script (call to f_6b1b…): @user_script:1: @user_script: 1: -READONLY You can't write …</c></remarks>
    public string Cause =>
        Error.StartsWith("ERR Error running script", StringComparison.Ordinal) && Error.IndexOf(": -", StringComparison.Ordinal) is > 0 and var at ? Error[(at + 3)..] : Error;

    /// <summary>One item of a list.</summary>
    public RedisReply this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count);
            return _content is RedisReply[] items ? items[index] : Of(_numbers[index]);
        }
    }

    /// <summary>A number.</summary>
    public static RedisReply Of(long number)
    {
        var numbers = default(Numbers);
        numbers[0] = number;
        return new RedisReply(RedisReplyKind.Number, 0, numbers, null);
    }

    /// <summary>A list of at most <see cref="MostNumbers"/> numbers.</summary>
    public static RedisReply Of(ReadOnlySpan<long> list)
    {
        var numbers = default(Numbers);
        list.CopyTo(numbers);
        return new RedisReply(RedisReplyKind.List, list.Length, numbers, null);
    }

    /// <summary>A list.</summary>
    public static RedisReply Of(RedisReply[] list) => new(RedisReplyKind.List, list.Length, default, list);

    /// <summary>A text.</summary>
    public static RedisReply Of(byte[] text) => new(RedisReplyKind.Text, 0, default, text);

    /// <summary>An error.</summary>
    public static RedisReply OfError(string error) => new(RedisReplyKind.Error, 0, default, error);

    /// <summary>True where it is an error that begins with this word, as <c>NOSCRIPT</c>.</summary>
    public bool IsError(string code) =>
        Kind == RedisReplyKind.Error && Error.StartsWith(code, StringComparison.Ordinal) && (Error.Length == code.Length || Error[code.Length] == ' ');

    /// <summary>True where it is such an error, or one of a script in which a command had such an error.</summary>
    public bool IsCausedBy(string code) => IsError(code) || (Kind == RedisReplyKind.Error && OfError(Cause).IsError(code));

    /// <summary>For people: what it is, cut where it is long.</summary>
    public override string ToString() => Kind switch
    {
        RedisReplyKind.Number => _numbers[0].ToString(System.Globalization.CultureInfo.InvariantCulture),
        RedisReplyKind.Text => Configuration.ScalarNode.Quote(Encoding.UTF8.GetString(Text)),
        RedisReplyKind.Error => $"the error {Configuration.ScalarNode.Quote(Error)}",
        RedisReplyKind.List => $"a list of {Count}",
        RedisReplyKind.Null => "nothing",
        _ => "no answer",
    };

    [InlineArray(MostNumbers)]
    private struct Numbers
    {
        private long _first;
    }
}
