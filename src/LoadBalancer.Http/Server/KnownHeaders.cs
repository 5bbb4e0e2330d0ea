using System.Text;

namespace LoadBalancer.Http.Server;

/// <summary>The names of <see cref="KnownHeader"/>, and the way from a name to its number.</summary>
internal static class KnownHeaders
{
    private static readonly byte[][] Names = [.. Enum.GetValues<KnownHeader>().Select(header => Encoding.ASCII.GetBytes(NameOf(header)))];

    // By length, then by name: a handful of candidates at most, compared eight bytes at a time.
    private static readonly (byte[] Name, KnownHeader Header)[][] ByLength = Index();

    /// <summary>The name in lower case, as HTTP/2 has it; empty for <see cref="KnownHeader.Other"/>.</summary>
    public static ReadOnlySpan<byte> Name(KnownHeader header) => Names[(int)header];

    /// <summary>The number of <paramref name="name"/>, in whatever case.</summary>
    public static KnownHeader Find(ReadOnlySpan<byte> name)
    {
        if (name.Length < ByLength.Length)
        {
            foreach (var (known, header) in ByLength[name.Length])
            {
                if (Ascii.EqualsIgnoreCase(name, known))
                {
                    return header;
                }
            }
        }

        return KnownHeader.Other;
    }

    private static (byte[] Name, KnownHeader Header)[][] Index()
    {
        var index = new (byte[] Name, KnownHeader Header)[Names.Max(name => name.Length) + 1][];
        for (var length = 0; length < index.Length; length++)
        {
            index[length] = [.. Enum.GetValues<KnownHeader>().Where(header => length > 0 && Names[(int)header].Length == length).Select(header => (Names[(int)header], header))];
        }

        return index;
    }

    // XForwardedFor is x-forwarded-for; three names are spelled otherwise than their words.
    private static string NameOf(KnownHeader header) => header switch
    {
        KnownHeader.Other => "",
        KnownHeader.Http2Settings => "http2-settings",
        KnownHeader.TraceParent => "traceparent",
        KnownHeader.TraceState => "tracestate",
        KnownHeader.SecWebSocketAccept => "sec-websocket-accept",
        KnownHeader.SecWebSocketKey => "sec-websocket-key",
        KnownHeader.SecWebSocketVersion => "sec-websocket-version",
        _ => string.Concat(header.ToString().Select((letter, at) => at > 0 && char.IsUpper(letter) ? $"-{letter}" : $"{letter}")).ToLowerInvariant(),
    };
}
