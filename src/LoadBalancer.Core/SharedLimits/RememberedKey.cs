using System.Buffers;
using LoadBalancer.Limits;

namespace LoadBalancer.SharedLimits;

/// <summary>A <see cref="LimitKey"/> that outlives the call it came with. Its text lies in a rented buffer, which whoever made it returns once.</summary>
internal readonly struct RememberedKey
{
    private readonly ulong _number;
    private readonly byte[]? _text;
    private readonly int _length;

    /// <summary>A copy of a key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="wantsText">False where its number is enough.</param>
    public RememberedKey(in LimitKey key, bool wantsText)
    {
        (_number, _length, _text) = (key.Number, 0, null);
        if (wantsText)
        {
            _length = key.Text.Length;
            _text = ArrayPool<byte>.Shared.Rent(_length);
            key.Text.CopyTo(_text);
        }
    }

    /// <summary>The key.</summary>
    public LimitKey Key => new(_number, _text.AsSpan(0, _length));

    /// <summary>Gives the buffer back.</summary>
    public void Return()
    {
        if (_text is not null)
        {
            ArrayPool<byte>.Shared.Return(_text);
        }
    }
}
