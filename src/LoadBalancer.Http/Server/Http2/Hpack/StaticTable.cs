using System.Text;

namespace LoadBalancer.Http.Server.Http2.Hpack;

/// <summary>The fields that every peer knows (RFC 7541 appendix A). Immutable.</summary>
internal static class StaticTable
{
    /// <summary>How many there are; the first has the index 1.</summary>
    public const int Count = 61;

    private static readonly (string Name, string Value)[] Fields =
    [
        (":authority", ""), (":method", "GET"), (":method", "POST"), (":path", "/"), (":path", "/index.html"), (":scheme", "http"), (":scheme", "https"),
        (":status", "200"), (":status", "204"), (":status", "206"), (":status", "304"), (":status", "400"), (":status", "404"), (":status", "500"),
        ("accept-charset", ""), ("accept-encoding", "gzip, deflate"), ("accept-language", ""), ("accept-ranges", ""), ("accept", ""),
        ("access-control-allow-origin", ""), ("age", ""), ("allow", ""), ("authorization", ""), ("cache-control", ""), ("content-disposition", ""),
        ("content-encoding", ""), ("content-language", ""), ("content-length", ""), ("content-location", ""), ("content-range", ""), ("content-type", ""),
        ("cookie", ""), ("date", ""), ("etag", ""), ("expect", ""), ("expires", ""), ("from", ""), ("host", ""), ("if-match", ""),
        ("if-modified-since", ""), ("if-none-match", ""), ("if-range", ""), ("if-unmodified-since", ""), ("last-modified", ""), ("link", ""),
        ("location", ""), ("max-forwards", ""), ("proxy-authenticate", ""), ("proxy-authorization", ""), ("range", ""), ("referer", ""), ("refresh", ""),
        ("retry-after", ""), ("server", ""), ("set-cookie", ""), ("strict-transport-security", ""), ("transfer-encoding", ""), ("user-agent", ""),
        ("vary", ""), ("via", ""), ("www-authenticate", ""),
    ];

    private static readonly byte[] Lines = [.. Fields.SelectMany(field => Encoding.ASCII.GetBytes($"{field.Name}: {field.Value}\r\n"))];

    private static readonly TableEntry[] Entries = Index();

    private static readonly byte[] ByKnown = IndexKnown();

    /// <summary>The bytes of all lines.</summary>
    public static ReadOnlySpan<byte> Bytes => Lines;

    /// <summary>The field with the index <paramref name="index"/>, from 1.</summary>
    public static ref readonly TableEntry Entry(int index) => ref Entries[index - 1];

    /// <summary>The index of a field with that name; 0 where there is none.</summary>
    public static int IndexOf(KnownHeader known) => ByKnown[(int)known];

    /// <summary>The index of a field with that name, in lower case; 0 where there is none. A search: for building.</summary>
    public static int IndexOf(string name) => Array.FindIndex(Fields, field => field.Name == name) + 1;

    private static TableEntry[] Index()
    {
        var start = 0;
        var entries = new TableEntry[Count];
        for (var at = 0; at < Count; at++)
        {
            var name = Encoding.ASCII.GetBytes(Fields[at].Name);
            entries[at] = new TableEntry
            {
                Start = start,
                NameLength = name.Length,
                ValueLength = Fields[at].Value.Length,
                Known = KnownHeaders.Find(name),
                Pseudo = HpackText.PseudoOf(name),
                IsNameValid = true,
                IsValueValid = true,
            };
            start += entries[at].LineLength;
        }

        return entries;
    }

    private static byte[] IndexKnown() =>
        [.. Enum.GetValues<KnownHeader>().Select(known => (byte)(known == KnownHeader.Other ? 0 : IndexOf(Encoding.ASCII.GetString(KnownHeaders.Name(known)))))];
}
