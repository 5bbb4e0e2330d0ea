using System.Text;

namespace LoadBalancer.Http.Server;

/// <summary>
/// The fields of a head in their order, case and number, as slices of one buffer: what came from the wire is there as it came, what is
/// added lies behind it. It belongs to its exchange and is used again; nothing is allocated once it has grown. Touched only on its loop.
/// </summary>
/// <remarks>
/// A span of it is valid until the next <see cref="Reset"/>; adding may move the buffer, and a span taken before then shows the old one.
/// Names and values that are added have to be valid: whoever takes them from elsewhere asks <see cref="FieldText"/> first.
/// </remarks>
internal sealed class HeaderList
{
    /// <summary>Bytes behind <see cref="Bytes"/> that may be read, whatever they are: a parser looks at 16 at a time.</summary>
    public const int Slack = 16;

    private const int FirstBytes = 2048;
    private const int FirstFields = 32;

    /// <summary>What a list keeps for its next use; a larger head gives its buffer up.</summary>
    private const int KeptBytes = 16 * 1024;

    private const int KeptFields = 256;

    private byte[] _bytes = new byte[FirstBytes];
    private HeaderField[] _fields = new HeaderField[FirstFields];
    private Slice _begun;
    private int _used;
    private int _count;
    private ulong _present;

    /// <summary>How many fields there are, the removed ones included.</summary>
    public int Count => _count;

    /// <summary>The bytes that are used: what the slices refer to.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _used);

    /// <summary>A field; <paramref name="at"/> is below <see cref="Count"/>.</summary>
    public ref HeaderField this[int at] => ref _fields.AsSpan(0, _count)[at];

    /// <summary>Forgets everything.</summary>
    public void Reset()
    {
        (_used, _count, _present) = (0, 0, 0);
        if (_bytes.Length > KeptBytes)
        {
            _bytes = new byte[FirstBytes];
        }

        if (_fields.Length > KeptFields)
        {
            _fields = new HeaderField[FirstFields];
        }
    }

    /// <summary>Becomes the same list.</summary>
    public void CopyFrom(HeaderList other)
    {
        Reset();
        Append(other.Bytes);
        if (_fields.Length < other._count)
        {
            _fields = new HeaderField[other._fields.Length];
        }

        other._fields.AsSpan(0, other._count).CopyTo(_fields);
        (_count, _present) = (other._count, other._present);
    }

    /// <summary>Becomes a list that <see cref="Save"/> has taken.</summary>
    public void Restore(ReadOnlySpan<byte> bytes, ReadOnlySpan<HeaderField> fields)
    {
        Reset();
        Append(bytes);
        if (_fields.Length < fields.Length)
        {
            _fields = new HeaderField[fields.Length];
        }

        fields.CopyTo(_fields);
        _count = fields.Length;
        foreach (ref readonly var field in fields)
        {
            _present |= 1ul << (int)field.Known;
        }
    }

    /// <summary>The fields that are not removed, and not in <paramref name="without"/>, as line behind line.</summary>
    /// <param name="without">Known fields that are left out; see <see cref="SetOf"/>.</param>
    /// <param name="name">A further field that is left out.</param>
    public (byte[] Bytes, HeaderField[] Fields) Save(ulong without, ReadOnlySpan<byte> name)
    {
        var copy = new HeaderList();
        for (var at = 0; at < _count; at++)
        {
            if (!_fields[at].Removed && ((1ul << (int)_fields[at].Known) & without & ~1ul) == 0 && !Ascii.EqualsIgnoreCase(Name(at), name))
            {
                copy.AddOwn(_fields[at].Known, Name(at), Value(at));
            }
        }

        return (copy.Bytes.ToArray(), copy._fields[..copy._count]);
    }

    /// <summary>Room for a head from the wire, which a parser fills and then slices with <see cref="AddSlice"/>. After <see cref="Reset"/>.</summary>
    public Span<byte> Reserve(int length)
    {
        var start = _used;
        Grow(length);
        _used += length;
        return _bytes.AsSpan(start, length);
    }

    /// <summary>Free bytes behind the used ones, for somebody who does not know yet how many it takes: <see cref="Take"/> says so. What is in them stays until then.</summary>
    public Span<byte> Room(int length)
    {
        Grow(length);
        return _bytes.AsSpan(_used, length);
    }

    /// <summary>Counts bytes of the <see cref="Room"/> as used, and gives their place.</summary>
    public int Take(int length)
    {
        var start = _used;
        _used += length;
        return start;
    }

    /// <summary>Adds bytes that are no field, such as a path; they are valid as long as the fields are.</summary>
    /// <returns>Where they begin in <see cref="Bytes"/>.</returns>
    public int Append(ReadOnlySpan<byte> bytes)
    {
        var start = _used;
        bytes.CopyTo(Reserve(bytes.Length));
        return start;
    }

    /// <summary>
    /// Bytes of the list as memory, such as a body that was appended. It stays right when the list grows, and until the next <see cref="Reset"/>.
    /// </summary>
    public ReadOnlyMemory<byte> Memory(Slice slice) => _bytes.AsMemory(slice.Start, slice.Length);

    /// <summary>Adds a field whose bytes are in <see cref="Bytes"/> already.</summary>
    public void AddSlice(KnownHeader known, int nameStart, int nameLength, int valueStart, int valueLength, bool verbatim)
    {
        if (_count == _fields.Length)
        {
            Array.Resize(ref _fields, _count * 2);
        }

        _fields[_count++] = new HeaderField
        {
            Known = known,
            Verbatim = verbatim,
            NameStart = nameStart,
            NameLength = nameLength,
            ValueStart = valueStart,
            ValueLength = valueLength,
        };
        _present |= 1ul << (int)known;
    }

    /// <summary>Adds a field at the end.</summary>
    public void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) => Add(KnownHeaders.Find(name), name, value);

    /// <summary>Adds a known field at the end, its name in lower case.</summary>
    public void Add(KnownHeader known, ReadOnlySpan<byte> value) => Add(known, KnownHeaders.Name(known), value);

    /// <summary>Adds a field at the end, its name in the given spelling.</summary>
    /// <exception cref="InvalidOperationException">Name or value cannot be in a field: a bug of the caller, and with a line end in it another field or message.</exception>
    public void Add(KnownHeader known, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (!FieldText.IsToken(name) || !FieldText.IsValue(value))
        {
            throw new InvalidOperationException("a field's name or value is not valid");
        }

        AddOwn(known, name, value);
    }

    /// <summary>Adds a field at the end whose name and value are valid for certain: lb has written them, or a parser has let them pass.</summary>
    public void AddOwn(KnownHeader known, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        var start = _used;
        var line = Reserve(name.Length + value.Length + 4);
        name.CopyTo(line);
        ": "u8.CopyTo(line[name.Length..]);
        value.CopyTo(line[(name.Length + 2)..]);
        "\r\n"u8.CopyTo(line[^2..]);
        AddSlice(known, start, name.Length, start + name.Length + 2, value.Length, verbatim: true);
    }

    /// <summary>Begins a field whose value is made of parts: <see cref="Append"/> adds them, and <see cref="EndField"/> ends it.</summary>
    public void BeginField(ReadOnlySpan<byte> name)
    {
        _begun = new Slice(_used, name.Length);
        Append(name);
        Append(": "u8);
    }

    /// <summary>The value so far of the field that was begun.</summary>
    public ReadOnlySpan<byte> BegunValue => _bytes.AsSpan(BegunValueStart.._used);

    /// <summary>Ends the field that was begun.</summary>
    public void EndField(KnownHeader known)
    {
        var valueLength = _used - BegunValueStart;
        Append("\r\n"u8);
        AddSlice(known, _begun.Start, _begun.Length, BegunValueStart, valueLength, verbatim: true);
    }

    /// <summary>Forgets the field that was begun, as if it had not been.</summary>
    public void CancelField() => _used = _begun.Start;

    /// <summary>The value of a field that may stand on several lines, as one list (RFC 9110 section 5.3); empty where there is none.</summary>
    public Slice Joined(KnownHeader known)
    {
        var first = Find(known);
        if (first < 0)
        {
            return default;
        }

        var next = Find(known, first + 1);
        if (next < 0)
        {
            return new Slice(_fields[first].ValueStart, _fields[first].ValueLength);
        }

        var start = Append(Value(first));
        for (; next >= 0; next = Find(known, next + 1))
        {
            Append(","u8);
            Append(Value(next));
        }

        return new Slice(start, _used - start);
    }

    /// <summary>Removes every field of that name, and adds one.</summary>
    public void Set(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        Remove(name);
        Add(name, value);
    }

    /// <summary>Removes every field of that name, and adds one.</summary>
    public void Set(KnownHeader known, ReadOnlySpan<byte> value)
    {
        Remove(known);
        Add(known, value);
    }

    /// <summary>Removes every field of that name.</summary>
    public void Remove(KnownHeader known)
    {
        if (MayHave(known))
        {
            for (var at = 0; at < _count; at++)
            {
                _fields[at].Removed |= _fields[at].Known == known;
            }

            _present &= ~(1ul << (int)known);
        }
    }

    /// <summary>Removes every field of that name.</summary>
    public void Remove(ReadOnlySpan<byte> name)
    {
        if (KnownHeaders.Find(name) is var known and not KnownHeader.Other)
        {
            Remove(known);
            return;
        }

        for (var at = Find(name); at >= 0; at = Find(name, at + 1))
        {
            _fields[at].Removed = true;
        }
    }

    /// <summary>Removes one field.</summary>
    /// <param name="at">Its place.</param>
    public void RemoveAt(int at) => _fields[at].Removed = true;

    /// <summary>Takes back that a field was removed.</summary>
    /// <param name="at">Its place.</param>
    public void Restore(int at)
    {
        _fields[at].Removed = false;
        _present |= 1ul << (int)_fields[at].Known;
    }

    /// <summary>False where there is certainly no such field.</summary>
    public bool MayHave(KnownHeader known) => (_present & (1ul << (int)known)) != 0;

    /// <summary>False where there is certainly none of them; see <see cref="SetOf"/>.</summary>
    public bool MayHaveAny(ulong set) => (_present & set) != 0;

    /// <summary>Several fields as one number, for <see cref="MayHaveAny"/>.</summary>
    public static ulong SetOf(params ReadOnlySpan<KnownHeader> fields)
    {
        var set = 0ul;
        foreach (var known in fields)
        {
            set |= 1ul << (int)known;
        }

        return set;
    }

    /// <summary>The first field of that name from <paramref name="from"/> on; -1 where there is none.</summary>
    public int Find(KnownHeader known, int from = 0)
    {
        if (MayHave(known))
        {
            for (var at = from; at < _count; at++)
            {
                if (_fields[at].Known == known && !_fields[at].Removed)
                {
                    return at;
                }
            }
        }

        return -1;
    }

    /// <summary>The first field of that name, in whatever case, from <paramref name="from"/> on; -1 where there is none.</summary>
    public int Find(ReadOnlySpan<byte> name, int from = 0)
    {
        if (KnownHeaders.Find(name) is var known and not KnownHeader.Other)
        {
            return Find(known, from);
        }

        for (var at = from; at < _count; at++)
        {
            if (_fields[at].NameLength == name.Length && !_fields[at].Removed && Ascii.EqualsIgnoreCase(Name(at), name))
            {
                return at;
            }
        }

        return -1;
    }

    /// <summary>The first field of that name, whose number is known already; -1 where there is none.</summary>
    public int Find(KnownHeader known, ReadOnlySpan<byte> name) => known == KnownHeader.Other ? Find(name) : Find(known);

    /// <summary>The name of a field in its spelling.</summary>
    public ReadOnlySpan<byte> Name(int at) => _bytes.AsSpan(_fields[at].NameStart, _fields[at].NameLength);

    /// <summary>The value of a field, without white space around it.</summary>
    public ReadOnlySpan<byte> Value(int at) => _bytes.AsSpan(_fields[at].ValueStart, _fields[at].ValueLength);

    /// <summary>The value of the first field of that name; false where there is none.</summary>
    public bool TryGet(KnownHeader known, out ReadOnlySpan<byte> value)
    {
        var at = Find(known);
        value = at < 0 ? default : Value(at);
        return at >= 0;
    }

    private int BegunValueStart => _begun.Start + _begun.Length + 2;

    private void Grow(int more)
    {
        if (_bytes.Length - _used < more + Slack)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _used + more + Slack));
        }
    }
}
