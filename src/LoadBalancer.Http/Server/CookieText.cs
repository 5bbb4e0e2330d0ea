namespace LoadBalancer.Http.Server;

/// <summary>Reads the Cookie fields of a request (RFC 6265 section 5.4).</summary>
internal static class CookieText
{
    /// <summary>The value of the first cookie of that name; names are case-sensitive.</summary>
    public static bool TryFind(HeaderList fields, scoped ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        for (var at = fields.Find(KnownHeader.Cookie); at >= 0; at = fields.Find(KnownHeader.Cookie, at + 1))
        {
            var rest = fields.Value(at);
            while (!rest.IsEmpty)
            {
                var pair = Next(ref rest);
                if (Is(pair, name))
                {
                    value = pair[(name.Length + 1)..];
                    return true;
                }
            }
        }

        value = default;
        return false;
    }

    /// <summary>How many cookies of that name there are.</summary>
    public static int Count(HeaderList fields, ReadOnlySpan<byte> name)
    {
        var count = 0;
        for (var at = fields.Find(KnownHeader.Cookie); at >= 0; at = fields.Find(KnownHeader.Cookie, at + 1))
        {
            var rest = fields.Value(at);
            while (!rest.IsEmpty)
            {
                count += Is(Next(ref rest), name) ? 1 : 0;
            }
        }

        return count;
    }

    /// <summary>Takes every cookie of that name out; a field that had no other is gone.</summary>
    public static void Remove(HeaderList fields, ReadOnlySpan<byte> name)
    {
        if (Count(fields, name) == 0)
        {
            return;
        }

        for (int at = fields.Find(KnownHeader.Cookie), last = fields.Count; at >= 0 && at < last; at = fields.Find(KnownHeader.Cookie, at + 1))
        {
            fields.BeginField("Cookie"u8);
            var rest = fields.Value(at);
            while (!rest.IsEmpty)
            {
                var pair = Next(ref rest);
                if (!Is(pair, name))
                {
                    fields.Append(fields.BegunValue.IsEmpty ? ""u8 : "; "u8);
                    fields.Append(pair);
                }
            }

            fields.RemoveAt(at);
            if (fields.BegunValue.IsEmpty)
            {
                fields.CancelField();
            }
            else
            {
                fields.EndField(KnownHeader.Cookie);
            }
        }
    }

    /// <summary>Leaves the cookies of these names alone, in the order of the names, in one field.</summary>
    public static void Keep(HeaderList fields, ReadOnlySpan<byte[]> names, ReadOnlySpan<byte[]> more)
    {
        fields.BeginField("Cookie"u8);
        Append(fields, names);
        Append(fields, more);
        for (var at = fields.Find(KnownHeader.Cookie); at >= 0; at = fields.Find(KnownHeader.Cookie, at + 1))
        {
            fields.RemoveAt(at);
        }

        if (fields.BegunValue.IsEmpty)
        {
            fields.CancelField();
        }
        else
        {
            fields.EndField(KnownHeader.Cookie);
        }
    }

    /// <summary>True where there is a cookie of another name, or something that is none.</summary>
    public static bool HasOther(HeaderList fields, int at, ReadOnlySpan<byte[]> names)
    {
        for (var rest = fields.Value(at); !rest.IsEmpty;)
        {
            var pair = Next(ref rest);
            var isKnown = pair.IsEmpty;
            foreach (var name in names)
            {
                isKnown |= Is(pair, name);
            }

            if (!isKnown)
            {
                return true;
            }
        }

        return false;
    }

    private static void Append(HeaderList fields, ReadOnlySpan<byte[]> names)
    {
        foreach (var name in names)
        {
            for (var at = fields.Find(KnownHeader.Cookie); at >= 0; at = fields.Find(KnownHeader.Cookie, at + 1))
            {
                for (var rest = fields.Value(at); !rest.IsEmpty;)
                {
                    var pair = Next(ref rest);
                    if (Is(pair, name))
                    {
                        fields.Append(fields.BegunValue.IsEmpty ? ""u8 : "; "u8);
                        fields.Append(pair);
                    }
                }
            }
        }
    }

    private static ReadOnlySpan<byte> Next(scoped ref ReadOnlySpan<byte> rest)
    {
        var end = rest.IndexOf((byte)';');
        var pair = FieldText.Trim(end < 0 ? rest : rest[..end]);
        rest = end < 0 ? default : rest[(end + 1)..];
        return pair;
    }

    private static bool Is(ReadOnlySpan<byte> pair, ReadOnlySpan<byte> name) => pair.Length > name.Length && pair[name.Length] == '=' && pair[..name.Length].SequenceEqual(name);
}
