using System.Text;
using LoadBalancer.Http.Server.Http2.Hpack;

namespace LoadBalancer.Http.Tests.Server.Http2.Hpack;

/// <summary>A peer that writes fields in every way that RFC 7541 has, as chance will have it. The plainest code that does: a list is its table.</summary>
internal sealed class PlainEncoder(Random random)
{
    private readonly List<(string Name, string Value)> _table = [];
    private int _limit = 4096;

    /// <summary>A block with these fields.</summary>
    public byte[] Write(IEnumerable<(string Name, string Value)> fields)
    {
        var block = new List<byte>();
        if (random.Next(5) == 0)
        {
            _limit = random.Next(4097);
            Shrink();
            Integer(block, 0x20, 5, _limit);
        }

        foreach (var field in fields)
        {
            var (whole, name) = (_table.IndexOf(field), _table.FindIndex(each => each.Name == field.Name));
            if (whole >= 0 && random.Next(4) > 0)
            {
                Integer(block, 0x80, 7, 62 + whole);
                continue;
            }

            var form = random.Next(3);
            var (first, bits) = form switch { 0 => (0x40, 6), 1 => (0x00, 4), _ => (0x10, 4) };
            Integer(block, first, bits, name >= 0 ? 62 + name : 0);
            if (name < 0)
            {
                String(block, field.Name);
            }

            String(block, field.Value);
            if (form == 0)
            {
                _table.Insert(0, field);
                Shrink();
            }
        }

        return [.. block];
    }

    private void Shrink()
    {
        while (_table.Sum(field => field.Name.Length + field.Value.Length + 32) > _limit)
        {
            _table.RemoveAt(_table.Count - 1);
        }
    }

    private void String(List<byte> block, string text)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        if (random.Next(2) == 0)
        {
            Integer(block, 0, 7, bytes.Length);
            block.AddRange(bytes);
            return;
        }

        var coded = new byte[Huffman.LengthOf(bytes)];
        Huffman.Encode(bytes, coded);
        Integer(block, 0x80, 7, coded.Length);
        block.AddRange(coded);
    }

    private static void Integer(List<byte> block, int first, int bits, int value)
    {
        Span<byte> room = stackalloc byte[HpackInteger.MostBytes];
        block.AddRange(room[..HpackInteger.Write(room, (byte)first, bits, value)]);
    }
}
