using System.Buffers.Text;
using System.Text;

namespace LoadBalancer.Redis;

/// <summary>
/// A command as it is put together: words in the room that its caller gives, mostly on the stack. It is sent within the call that made it.
/// </summary>
/// <remarks>The key, of which there is one or all are of one slot, is the first word after a script's head, or after the command's name.</remarks>
internal ref struct RedisCommand
{
    // "$" and a length of at most 10 digits, and two ends of lines.
    private const int WordOverhead = 1 + 10 + 2 + 2;

    private readonly Span<byte> _room;
    private int _length;

    /// <summary>A call of a script; its keys and arguments are added.</summary>
    public RedisCommand(RedisScript script, Span<byte> room)
    {
        Script = script;
        _room = room;
        KeyAt = 0;
    }

    /// <summary>A command by its name; its words are added.</summary>
    public RedisCommand(ReadOnlySpan<byte> name, Span<byte> room)
    {
        _room = room;
        KeyAt = 1;
        Add(name);
    }

    /// <summary>The script that is called; null where it is another command.</summary>
    public RedisScript? Script { get; }

    /// <summary>How many words there are, without a script's head.</summary>
    public int Words { get; private set; }

    /// <summary>Which of its words is the key.</summary>
    public int KeyAt { get; }

    /// <summary>The words, each as a text of the protocol.</summary>
    public readonly ReadOnlySpan<byte> Encoded => _room[.._length];

    /// <summary>The bytes of its key; empty where it has none.</summary>
    public ReadOnlySpan<byte> Key { get; private set; }

    /// <summary>How much room a word of this length takes at most, in bytes.</summary>
    public static int RoomFor(int length) => length + WordOverhead;

    /// <summary>Adds a word.</summary>
    /// <exception cref="ArgumentException">There is no room for it.</exception>
    public void Add(scoped ReadOnlySpan<byte> word)
    {
        if (_room.Length - _length < RoomFor(word.Length))
        {
            throw new ArgumentException("no room for another word", nameof(word));
        }

        _room[_length++] = (byte)'$';
        Utf8Formatter.TryFormat(word.Length, _room[_length..], out var digits);
        _length += digits;
        End();
        var at = _length;
        word.CopyTo(_room[_length..]);
        _length += word.Length;
        End();
        if (Words++ == KeyAt)
        {
            Key = _room.Slice(at, word.Length);
        }
    }

    /// <summary>Adds a number.</summary>
    public void Add(long number)
    {
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat(number, digits, out var count);
        Add(digits[..count]);
    }

    /// <summary>Adds a text; for what is not asked often.</summary>
    public void Add(string text) => Add(Encoding.UTF8.GetBytes(text));

    private void End()
    {
        _room[_length++] = (byte)'\r';
        _room[_length++] = (byte)'\n';
    }
}
