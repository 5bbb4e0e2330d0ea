namespace LoadBalancer.Http.Server.Http2.Hpack;

/// <summary>
/// Reads the header blocks of one connection (RFC 7541), field by field. Every block has to be read to its end, be its message refused or
/// not: the next one refers to what this one has added. Touched only on its loop.
/// </summary>
/// <remarks>
/// The tables keep each field as the line that HTTP/1.1 has, and what was found out about it: a field that is referred to is one copy and no
/// second look at its bytes. What a field may mean in a message is <see cref="Http2HeadReader"/>'s matter.
/// </remarks>
internal sealed class HpackDecoder
{
    /// <summary>The size of the table that clients may use: what RFC 9113 section 6.5.2 has where nothing is said.</summary>
    public const int TableSize = 4096;

    private readonly DynamicTable _table = new(TableSize);

    /// <summary>Bytes and fields that it remembers. For tests.</summary>
    public DynamicTable Table => _table;

    /// <summary>Begins a block: only here the table's size may change (RFC 7541 section 6.3). False where the block cannot be understood.</summary>
    public bool TryBegin(ref ReadOnlySpan<byte> block)
    {
        while (!block.IsEmpty && IsSizeUpdate(block[0]))
        {
            if (!HpackInteger.TryRead(ref block, 5, out var size) || size > TableSize)
            {
                return false;
            }

            _table.Limit = size;
        }

        return true;
    }

    /// <summary>Reads the next field of a block; it is put behind the used bytes of <paramref name="list"/>, and counts as used only if the caller says so.</summary>
    /// <param name="block">What is left of the block, not empty; the field is taken away.</param>
    /// <param name="list">Where the line is put.</param>
    /// <param name="most">Longer lines are not put anywhere: <see cref="HpackField.LineLength"/> says how long it is.</param>
    /// <param name="field">The field.</param>
    /// <returns>False where the block cannot be understood, which ends the connection (COMPRESSION_ERROR).</returns>
    public bool TryRead(ref ReadOnlySpan<byte> block, HeaderList list, int most, out HpackField field)
    {
        field = default;
        if (block[0] >= 0x80)
        {
            return HpackInteger.TryRead(ref block, 7, out var index) && TryRefer(index, list, most, out field);
        }

        if (IsSizeUpdate(block[0]))
        {
            return false;
        }

        // Sections 6.2.1 to 6.2.3; what is never to be indexed is not, as nothing is indexed again here.
        var adds = block[0] >= 0x40;
        return HpackInteger.TryRead(ref block, adds ? 6 : 4, out var name) && TryReadLiteral(ref block, name, adds, list, out field);
    }

    private static bool IsSizeUpdate(byte first) => first is >= 0x20 and < 0x40;

    private bool TryRefer(int index, HeaderList list, int most, out HpackField field)
    {
        field = default;
        if (!TryFind(index, out var entry, out var bytes))
        {
            return false;
        }

        field = new HpackField(entry.Known, entry.Pseudo, entry.IsNameValid && entry.IsValueValid, entry.NameLength, entry.ValueLength);
        if (entry.LineLength <= most)
        {
            bytes.Slice(entry.Start, entry.LineLength).CopyTo(list.Room(entry.LineLength));
        }

        return true;
    }

    private bool TryReadLiteral(ref ReadOnlySpan<byte> block, int nameIndex, bool adds, HeaderList list, out HpackField field)
    {
        field = default;
        var entry = default(TableEntry);
        if (nameIndex > 0)
        {
            if (!TryFind(nameIndex, out entry, out var bytes))
            {
                return false;
            }

            var name = bytes.Slice(entry.Start, entry.NameLength);
            name.CopyTo(list.Room(name.Length));
        }
        else
        {
            if (!TryReadString(ref block, list, 0, out entry.NameLength))
            {
                return false;
            }

            var name = list.Room(entry.NameLength)[..entry.NameLength];
            entry.Pseudo = HpackText.PseudoOf(name);
            entry.IsNameValid = entry.Pseudo != PseudoHeader.None || HpackText.IsName(name);
            entry.Known = entry.Pseudo == PseudoHeader.None ? KnownHeaders.Find(name) : KnownHeader.Other;
        }

        if (!TryReadString(ref block, list, entry.NameLength + 2, out entry.ValueLength))
        {
            return false;
        }

        var line = list.Room(entry.LineLength)[..entry.LineLength];
        ": "u8.CopyTo(line[entry.NameLength..]);
        "\r\n"u8.CopyTo(line[^2..]);
        entry.IsValueValid = HpackText.IsValue(line.Slice(entry.NameLength + 2, entry.ValueLength));
        field = new HpackField(entry.Known, entry.Pseudo, entry.IsNameValid && entry.IsValueValid, entry.NameLength, entry.ValueLength);
        if (adds)
        {
            _table.Add(entry, line);
        }

        return true;
    }

    private static bool TryReadString(ref ReadOnlySpan<byte> block, HeaderList list, int start, out int length)
    {
        length = 0;
        if (block.IsEmpty)
        {
            return false;
        }

        var isHuffman = block[0] >= 0x80;
        if (!HpackInteger.TryRead(ref block, 7, out var coded) || coded > block.Length)
        {
            return false;
        }

        var text = block[..coded];
        block = block[coded..];
        if (!isHuffman)
        {
            length = coded;
            text.CopyTo(list.Room(start + coded)[start..]);
            return true;
        }

        length = Huffman.Decode(text, list.Room(start + Huffman.MostDecoded(coded))[start..]);
        return length >= 0;
    }

    private bool TryFind(int index, out TableEntry entry, out ReadOnlySpan<byte> bytes)
    {
        if (index is > 0 and <= StaticTable.Count)
        {
            entry = StaticTable.Entry(index);
            bytes = StaticTable.Bytes;
            return true;
        }

        var age = index - StaticTable.Count - 1;
        var isThere = age >= 0 && age < _table.Count;
        entry = isThere ? _table.Entry(age) : default;
        bytes = _table.Bytes;
        return isThere;
    }
}
