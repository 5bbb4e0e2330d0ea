using System.Buffers;
using System.Buffers.Text;
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
/// C1 and line separators included; other text stays as it is, in UTF-8.
/// </remarks>
internal ref struct JsonLine(Span<byte> buffer)
{
    private static readonly JavaScriptEncoder Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    // Printable ASCII without the quote and the backslash: nearly every name and address, and copied as it is.
    private static readonly SearchValues<char> Plain = SearchValues.Create(
        [.. Enumerable.Range(' ', '~' - ' ' + 1).Select(code => (char)code).Where(letter => letter is not ('"' or '\\'))]);

    private readonly Span<byte> _buffer = buffer;
    private int _length;
    private bool _full;

    /// <summary>A time, see <see cref="Rfc3339"/>.</summary>
    public void Time(ReadOnlySpan<byte> key, DateTimeOffset value)
    {
        Key(key);
        Raw("\""u8);
        if (Room(Rfc3339.Length))
        {
            Rfc3339.Format(value, _buffer[_length..]);
            _length += Rfc3339.Length;
        }

        Raw("\""u8);
    }

    /// <summary>A text or null.</summary>
    public void Text(ReadOnlySpan<byte> key, string? value)
    {
        Key(key);
        if (value is null)
        {
            Raw("null"u8);
            return;
        }

        Raw("\""u8);
        Escaped(value);
        Raw("\""u8);
    }

    /// <summary>An IP address and port, a Unix path behind <c>unix:</c>, or null.</summary>
    public void Address(ReadOnlySpan<byte> key, EndPoint? value)
    {
        if (value is not IPEndPoint { Address: var address, Port: var port })
        {
            Other(key, value);
            return;
        }

        Key(key);
        var bracketed = address.AddressFamily == AddressFamily.InterNetworkV6 && !address.IsIPv4MappedToIPv6;
        Raw(bracketed ? "\"["u8 : "\""u8);
        Mapped(address);
        Raw(bracketed ? "]:"u8 : ":"u8);
        Digits(port);
        Raw("\""u8);
    }

    /// <summary>A whole number.</summary>
    public void Number(ReadOnlySpan<byte> key, long value)
    {
        Key(key);
        Digits(value);
    }

    /// <summary>A duration in milliseconds with three decimals, or null.</summary>
    public void Milliseconds(ReadOnlySpan<byte> key, TimeSpan? value)
    {
        Key(key);
        if (value is not { } duration)
        {
            Raw("null"u8);
            return;
        }

        var microseconds = Math.Max(0, duration.Ticks / TimeSpan.TicksPerMicrosecond);
        Digits(microseconds / 1000);
        Raw("."u8);
        Digits(microseconds % 1000, new StandardFormat('D', 3));
    }

    /// <summary>Closes the object and the line; false where the buffer was too small, and then nothing in it counts.</summary>
    public bool TryEnd(out int length)
    {
        Raw("}\n"u8);
        length = _length;
        return !_full;
    }

    private void Other(ReadOnlySpan<byte> key, EndPoint? value)
    {
        Key(key);
        if (value is null)
        {
            Raw("null"u8);
            return;
        }

        Raw(value is UnixDomainSocketEndPoint ? "\"unix:"u8 : "\""u8);
        Escaped(value.ToString());
        Raw("\""u8);
    }

    // A dual-stack socket sees IPv4 clients as ::ffff:a.b.c.d, which nobody wants to search for.
    private void Mapped(IPAddress address)
    {
        if (_full)
        {
            return;
        }

        if (address.IsIPv4MappedToIPv6)
        {
            Span<byte> bytes = stackalloc byte[16];
            address.TryWriteBytes(bytes, out _);
            for (var at = 12; at < 16; at++)
            {
                Raw(at == 12 ? ""u8 : "."u8);
                Digits(bytes[at]);
            }
        }
        else if (address.TryFormat(_buffer[_length..], out var written))
        {
            _length += written;
        }
        else
        {
            _full = true;
        }
    }

    private void Escaped(string? value)
    {
        if (!value.AsSpan().ContainsAnyExcept(Plain))
        {
            if (Room(value?.Length ?? 0))
            {
                Ascii.FromUtf16(value, _buffer[_length..], out var copied);
                _length += copied;
            }

            return;
        }

        const int OnStack = 512;
        byte[]? rented = null;
        var most = Encoding.UTF8.GetMaxByteCount(value?.Length ?? 0);
        var utf8 = most <= OnStack ? stackalloc byte[OnStack] : rented = ArrayPool<byte>.Shared.Rent(most);
        var read = Encoding.UTF8.GetBytes(value, utf8);
        if (!_full && Encoder.EncodeUtf8(utf8[..read], _buffer[_length..], out _, out var written) == OperationStatus.Done)
        {
            _length += written;
        }
        else
        {
            _full = true;
        }

        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private void Key(ReadOnlySpan<byte> key)
    {
        Raw(_length == 0 ? "{\""u8 : ",\""u8);
        Raw(key);
        Raw("\":"u8);
    }

    private void Digits(long value, StandardFormat format = default)
    {
        if (!_full && Utf8Formatter.TryFormat(value, _buffer[_length..], out var written, format))
        {
            _length += written;
        }
        else
        {
            _full = true;
        }
    }

    private void Raw(ReadOnlySpan<byte> bytes)
    {
        if (Room(bytes.Length))
        {
            bytes.CopyTo(_buffer[_length..]);
            _length += bytes.Length;
        }
    }

    private bool Room(int bytes)
    {
        _full |= bytes > _buffer.Length - _length;
        return !_full;
    }
}
