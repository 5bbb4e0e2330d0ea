using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Encodings.Web;

namespace LoadBalancer.Telemetry;

/// <summary>
/// A JSON object of one level on one line, written into a given buffer without allocating. When the buffer is full the
/// rest is skipped and <see cref="TryEnd"/> says so.
/// </summary>
/// <remarks>
/// Not <see cref="System.Text.Json.Utf8JsonWriter"/>, which needs a growing buffer and checks a structure that is always
/// the same here. Text goes through the platform's encoder, which escapes quotes, backslashes and every control character,
/// C1 and line separators included; other text stays as it is, in UTF-8. Bytes that are no UTF-8 become U+FFFD.
/// </remarks>
internal ref struct JsonLine(Span<byte> buffer)
{
    private static readonly JavaScriptEncoder Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    // Printable ASCII without the quote and the backslash: nearly every name and address, and copied as it is.
    private static readonly char[] PlainLetters =
        [.. Enumerable.Range(' ', '~' - ' ' + 1).Select(code => (char)code).Where(letter => letter is not ('"' or '\\'))];

    private static readonly SearchValues<char> Plain = SearchValues.Create(PlainLetters);
    private static readonly SearchValues<byte> PlainBytes = SearchValues.Create([.. PlainLetters.Select(letter => (byte)letter)]);

    private LineText _text = new(buffer);

    /// <summary>A time, see <see cref="Rfc3339"/>.</summary>
    public void Time(ReadOnlySpan<byte> key, DateTimeOffset value)
    {
        Key(key);
        _text.Raw("\""u8);
        _text.Time(value);
        _text.Raw("\""u8);
    }

    /// <summary>A text or null. What is longer than <paramref name="most"/> bytes, as they are written, is cut and marked.</summary>
    public void Text(ReadOnlySpan<byte> key, string? value, int most = int.MaxValue)
    {
        Key(key);
        if (value is null)
        {
            _text.Raw("null"u8);
            return;
        }

        _text.Raw("\""u8);
        Escaped(value, most);
        _text.Raw("\""u8);
    }

    /// <summary>
    /// A text in what should be UTF-8 and may be anything; null where it is empty. What is longer than <paramref name="most"/> bytes, as
    /// they are written, is cut and marked.
    /// </summary>
    public void Text(ReadOnlySpan<byte> key, scoped ReadOnlySpan<byte> value, int most)
    {
        Key(key);
        if (value.IsEmpty)
        {
            _text.Raw("null"u8);
            return;
        }

        if (value.Length <= most && !value.ContainsAnyExcept(PlainBytes))
        {
            _text.Between((byte)'"', value, (byte)'"');
            return;
        }

        _text.Raw("\""u8);
        Escaped(value, most);
        _text.Raw("\""u8);
    }

    /// <summary>An IP address and port, a Unix path behind <c>unix:</c>, or null.</summary>
    public void Address(ReadOnlySpan<byte> key, EndPoint? value)
    {
        Key(key);
        if (value is IPEndPoint { Address: var address, Port: var port })
        {
            _text.Raw("\""u8);
            _text.Address(address, port);
            _text.Raw("\""u8);
        }
        else if (value is not null)
        {
            _text.Raw(value is UnixDomainSocketEndPoint ? "\"unix:"u8 : "\""u8);
            Escaped(value.ToString()!, int.MaxValue);
            _text.Raw("\""u8);
        }
        else
        {
            _text.Raw("null"u8);
        }
    }

    /// <summary>An IP address or null.</summary>
    public void Address(ReadOnlySpan<byte> key, IPAddress? value)
    {
        Key(key);
        if (value is null)
        {
            _text.Raw("null"u8);
            return;
        }

        _text.Raw("\""u8);
        _text.Address(value);
        _text.Raw("\""u8);
    }

    /// <summary>A whole number.</summary>
    public void Number(ReadOnlySpan<byte> key, long value)
    {
        Key(key);
        _text.Digits(value);
    }

    /// <summary>A whole number, or null.</summary>
    public void Number(ReadOnlySpan<byte> key, long? value)
    {
        Key(key);
        if (value is { } number)
        {
            _text.Digits(number);
        }
        else
        {
            _text.Raw("null"u8);
        }
    }

    /// <summary>A duration in milliseconds with three decimals, or null.</summary>
    public void Milliseconds(ReadOnlySpan<byte> key, TimeSpan? value)
    {
        Key(key);
        if (value is { } duration)
        {
            _text.Milliseconds(duration);
        }
        else
        {
            _text.Raw("null"u8);
        }
    }

    /// <summary>Closes the object and the line; false where the buffer was too small, and then nothing in it counts.</summary>
    public bool TryEnd(out int length)
    {
        _text.Raw("}\n"u8);
        length = _text.Length;
        return !_text.IsFull;
    }

    private void Escaped(string value, int most)
    {
        if (!value.AsSpan().ContainsAnyExcept(Plain))
        {
            _text.Ascii(value, most);
            return;
        }

        const int OnStack = 512;
        byte[]? rented = null;
        var longest = Encoding.UTF8.GetMaxByteCount(value.Length);
        var utf8 = longest <= OnStack ? stackalloc byte[OnStack] : rented = ArrayPool<byte>.Shared.Rent(longest);
        Escaped(utf8[..Encoding.UTF8.GetBytes(value, utf8)], most);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private void Escaped(scoped ReadOnlySpan<byte> value, int most)
    {
        if (!value.ContainsAnyExcept(PlainBytes))
        {
            _text.Raw(value, most);
            return;
        }

        // The encoder stops before an escape or a character that does not fit, so a cut is never within one.
        var rest = _text.Rest;
        var room = rest.Length > most ? rest[..most] : rest;
        var done = Encoder.EncodeUtf8(value, room, out _, out var written) == OperationStatus.Done;
        _text.Advance(written);
        if (!done && room.Length < most)
        {
            _text.Overflow();
        }
        else if (!done)
        {
            _text.Cut();
        }
    }

    private void Key(ReadOnlySpan<byte> key)
    {
        // In one piece: a line has two dozen of them.
        var length = key.Length + 4;
        var to = _text.Rest;
        if (to.Length < length)
        {
            _text.Overflow();
            return;
        }

        to[length - 1] = (byte)':';
        to[length - 2] = (byte)'"';
        key.CopyTo(to[2..]);
        to[1] = (byte)'"';
        to[0] = _text.Length == 0 ? (byte)'{' : (byte)',';
        _text.Advance(length);
    }
}
