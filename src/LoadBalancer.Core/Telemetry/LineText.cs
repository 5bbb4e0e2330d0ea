using System.Net;
using System.Net.Sockets;

namespace LoadBalancer.Telemetry;

/// <summary>
/// Text that is written into a given buffer without allocating: what every form of line is made of. When the buffer is full the
/// rest is skipped, and <see cref="IsFull"/> says so.
/// </summary>
internal ref struct LineText(Span<byte> buffer)
{
    /// <summary>What stands behind a text that was cut.</summary>
    private static ReadOnlySpan<byte> CutMark => "..."u8;

    private readonly Span<byte> _buffer = buffer;

    /// <summary>How many bytes are written.</summary>
    public int Length { get; private set; }

    /// <summary>True where something did not fit, and then nothing in the buffer counts.</summary>
    public bool IsFull { get; private set; }

    /// <summary>What is free.</summary>
    public readonly Span<byte> Rest => _buffer[Length..];

    /// <summary>Bytes as they are.</summary>
    public void Raw(scoped ReadOnlySpan<byte> bytes)
    {
        if (Room(bytes.Length))
        {
            bytes.CopyTo(Rest);
            Length += bytes.Length;
        }
    }

    /// <summary>Bytes as they are, <paramref name="most"/> of them; what is cut is marked.</summary>
    public void Raw(scoped ReadOnlySpan<byte> bytes, int most)
    {
        Raw(bytes[..Math.Min(bytes.Length, most)]);
        if (bytes.Length > most)
        {
            Cut();
        }
    }

    /// <summary>A text of ASCII, <paramref name="most"/> letters of it; what is cut is marked.</summary>
    public void Ascii(scoped ReadOnlySpan<char> text, int most)
    {
        var taken = Math.Min(text.Length, most);
        if (Room(taken))
        {
            System.Text.Ascii.FromUtf16(text[..taken], Rest, out var copied);
            Length += copied;
            if (text.Length > most)
            {
                Cut();
            }
        }
    }

    /// <summary>The mark that something is missing here.</summary>
    public void Cut() => Raw(CutMark);

    /// <summary>Bytes as they are, <paramref name="before"/> in front of them and <paramref name="behind"/> after.</summary>
    public void Between(byte before, scoped ReadOnlySpan<byte> bytes, byte behind)
    {
        var length = bytes.Length + 2;
        if (Room(length))
        {
            var to = _buffer.Slice(Length, length);
            to[0] = before;
            bytes.CopyTo(to[1..]);
            to[^1] = behind;
            Length += length;
        }
    }

    /// <summary>A whole number, of at least <paramref name="least"/> digits. Not by the platform's formatter, which takes three times as long for a small one.</summary>
    public void Digits(long value, int least = 1)
    {
        const int Longest = 20;
        Span<byte> digits = stackalloc byte[Longest];
        var (rest, at) = (value < 0 ? 0ul - (ulong)value : (ulong)value, Longest);
        do
        {
            var next = rest / 10;
            digits[--at] = (byte)('0' + (rest - (next * 10)));
            rest = next;
        }
        while (rest > 0 || Longest - at < least);

        if (value < 0)
        {
            digits[--at] = (byte)'-';
        }

        Raw(digits[at..]);
    }

    /// <summary>A duration in milliseconds with three decimals; a negative one, of a clock that ran backwards, is zero.</summary>
    public void Milliseconds(TimeSpan duration)
    {
        var microseconds = Math.Max(0, duration.Ticks / TimeSpan.TicksPerMicrosecond);
        var whole = microseconds / 1000;
        Digits(whole);
        Raw("."u8);
        Digits(microseconds - (whole * 1000), least: 3);
    }

    /// <summary>An address without brackets. A dual-stack socket sees IPv4 clients as ::ffff:a.b.c.d, which nobody wants to search for: they are a.b.c.d.</summary>
    public void Address(IPAddress address)
    {
        if (IsFull)
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
        else if (address.TryFormat(Rest, out var written))
        {
            Length += written;
        }
        else
        {
            IsFull = true;
        }
    }

    /// <summary>An address and a port, as the file would write them.</summary>
    public void Address(IPAddress address, int port)
    {
        var bracketed = address.AddressFamily == AddressFamily.InterNetworkV6 && !address.IsIPv4MappedToIPv6;
        Raw(bracketed ? "["u8 : ""u8);
        Address(address);
        Raw(bracketed ? "]:"u8 : ":"u8);
        Digits(port);
    }

    /// <summary>A time, see <see cref="Rfc3339"/>.</summary>
    public void Time(DateTimeOffset value)
    {
        if (Room(Rfc3339.Length))
        {
            Rfc3339.Format(value, Rest);
            Length += Rfc3339.Length;
        }
    }

    /// <summary>Takes <paramref name="bytes"/> that were written to <see cref="Rest"/>.</summary>
    public void Advance(int bytes) => Length += bytes;

    /// <summary>Nothing more fits.</summary>
    public void Overflow() => IsFull = true;

    private bool Room(int bytes)
    {
        IsFull |= bytes > _buffer.Length - Length;
        return !IsFull;
    }
}
