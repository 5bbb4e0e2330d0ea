using System.Buffers.Text;
using System.Text;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Caching;

/// <summary>
/// The part of a body that a request asks for (RFC 9110 section 14): one range of bytes. Whoever asks for several, or in a unit or a form that nobody knows, gets
/// the whole (section 14.2 leaves that to the server).
/// </summary>
/// <param name="Wish">What is asked for.</param>
/// <param name="Start">Where the part begins.</param>
/// <param name="Length">How many bytes it has.</param>
internal readonly record struct ByteRange(RangeWish Wish, long Start = 0, long Length = 0)
{
    /// <summary>Reads Range.</summary>
    /// <param name="request">The request's fields.</param>
    /// <param name="whole">How many bytes there are.</param>
    public static ByteRange Of(HeaderList request, long whole)
    {
        if (request.Find(KnownHeader.Range) is var at && (at < 0 || request.Find(KnownHeader.Range, at + 1) >= 0))
        {
            return default;
        }

        var text = request.Value(at);
        if (text.Length < 6 || !Ascii.EqualsIgnoreCase(text[..6], "bytes="u8))
        {
            return default;
        }

        var range = FieldText.Trim(text[6..]);
        var dash = range.IndexOf((byte)'-');
        if (dash < 0 || !TryNumber(range[..dash], out var first) || !TryNumber(range[(dash + 1)..], out var last) || (first ?? last) is null || last < first)
        {
            return default;
        }

        if (first is null)
        {
            // A part of nothing is the whole of it, which 206 has no words for.
            return last == 0 ? new(RangeWish.Unsatisfiable) : whole == 0 ? default : Part(whole - Math.Min(last!.Value, whole), whole);
        }

        return first >= whole ? new(RangeWish.Unsatisfiable) : Part(first.Value, last is null ? whole : Math.Min(last.Value, whole - 1) + 1);

        static ByteRange Part(long start, long end) => new(RangeWish.Part, start, end - start);
    }

    // No digits are no number, and more than fit are as good as any that is beyond the end.
    private static bool TryNumber(ReadOnlySpan<byte> digits, out long? number)
    {
        number = null;
        if (digits.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
        {
            return false;
        }

        if (!digits.IsEmpty)
        {
            number = Utf8Parser.TryParse(digits, out long value, out _) ? value : long.MaxValue;
        }

        return true;
    }
}
