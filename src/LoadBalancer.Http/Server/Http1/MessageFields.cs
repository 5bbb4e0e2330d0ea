using System.Text;

namespace LoadBalancer.Http.Server.Http1;

/// <summary>The fields that decide how a message is framed and what becomes of its connection, as one head has them (RFC 9112 sections 6 and 9).</summary>
internal ref struct MessageFields
{
    /// <summary>Field lines Content-Length.</summary>
    public int Lengths;

    /// <summary>The value of the last of them; -1 where it is no number of bytes.</summary>
    public long Length;

    /// <summary>Field lines Transfer-Encoding.</summary>
    public int Codings;

    /// <summary>True where the value of the last of them is exactly "chunked".</summary>
    public bool IsChunked;

    /// <summary>True where the value of the last of them is a list of codings that is well-formed, but not of what is spoken here.</summary>
    public bool IsOtherCoding;

    /// <summary>True where Connection has the option "close".</summary>
    public bool Closes;

    /// <summary>True where Connection has the option "keep-alive".</summary>
    public bool KeepsAlive;

    /// <summary>True where Connection has the option "upgrade".</summary>
    public bool Upgrades;

    /// <summary>Reads them from a head.</summary>
    public static MessageFields Of(HeaderList fields)
    {
        var found = default(MessageFields);
        for (var at = fields.Find(KnownHeader.ContentLength); at >= 0; at = fields.Find(KnownHeader.ContentLength, at + 1))
        {
            found.Lengths++;
            found.Length = DecimalLength.Parse(fields.Value(at));
        }

        for (var at = fields.Find(KnownHeader.TransferEncoding); at >= 0; at = fields.Find(KnownHeader.TransferEncoding, at + 1))
        {
            found.Codings++;
            found.ReadCoding(fields.Value(at));
        }

        for (var at = fields.Find(KnownHeader.Connection); at >= 0; at = fields.Find(KnownHeader.Connection, at + 1))
        {
            found.ReadConnection(fields.Value(at));
        }

        return found;
    }

    /// <summary>True where the body's end could be found in two ways, or in none.</summary>
    public readonly bool IsAmbiguous => Lengths > 1 || Codings > 1 || (Lengths > 0 && (Codings > 0 || Length < 0));

    private void ReadCoding(ReadOnlySpan<byte> value)
    {
        IsChunked = Ascii.EqualsIgnoreCase(value, "chunked"u8);
        IsOtherCoding = !IsChunked;
        foreach (var range in value.Split((byte)','))
        {
            var coding = FieldText.Trim(value[range]);
            var isLast = range.End.GetOffset(value.Length) == value.Length;
            IsOtherCoding &= FieldText.IsToken(coding) && (isLast || !Ascii.EqualsIgnoreCase(coding, "chunked"u8));
        }
    }

    private void ReadConnection(ReadOnlySpan<byte> value)
    {
        if (Ascii.EqualsIgnoreCase(value, "keep-alive"u8))
        {
            KeepsAlive = true;
            return;
        }

        foreach (var range in value.Split((byte)','))
        {
            var option = FieldText.Trim(value[range]);
            Closes |= Ascii.EqualsIgnoreCase(option, "close"u8);
            KeepsAlive |= Ascii.EqualsIgnoreCase(option, "keep-alive"u8);
            Upgrades |= Ascii.EqualsIgnoreCase(option, "upgrade"u8);
        }
    }
}
