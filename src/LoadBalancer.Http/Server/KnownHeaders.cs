using System.Text;

namespace LoadBalancer.Http.Server;

/// <summary>The names of <see cref="KnownHeader"/>, and the way from a name to its number.</summary>
internal static class KnownHeaders
{
    private static readonly byte[][] Names = [.. Enum.GetValues<KnownHeader>().Select(header => Encoding.ASCII.GetBytes(NameOf(header)))];

    // One candidate for a name, by its length and three of its letters: the factor is one with which no two names meet.
    private const int Slots = 256;

    private static readonly uint Factor = FindFactor();

    private static readonly KnownHeader[] BySlot = Index();

    /// <summary>The name in lower case, as HTTP/2 has it; empty for <see cref="KnownHeader.Other"/>.</summary>
    public static ReadOnlySpan<byte> Name(KnownHeader header) => Names[(int)header];

    /// <summary>The number of <paramref name="name"/>, in whatever case.</summary>
    public static KnownHeader Find(ReadOnlySpan<byte> name)
    {
        if (name.IsEmpty)
        {
            return KnownHeader.Other;
        }

        var candidate = BySlot[SlotOf(name, Factor)];
        return Ascii.EqualsIgnoreCase(name, Names[(int)candidate]) ? candidate : KnownHeader.Other;
    }

    // The case of a letter is one bit, which is left out; of "-" and digits nothing is lost.
    private static uint SlotOf(ReadOnlySpan<byte> name, uint factor)
    {
        var letters = (uint)(name[0] | 0x20) | ((uint)(name[^1] | 0x20) << 8) | ((uint)(name[Math.Max(0, name.Length - 4)] | 0x20) << 16) | ((uint)name.Length << 24);
        return (letters * factor) >> 24;
    }

    private static uint FindFactor()
    {
        const uint First = 0x9E3779B1;
        for (var factor = First; factor != First - 2; factor += 2)
        {
            if (Names.Skip(1).Select(name => SlotOf(name, factor)).Distinct().Count() == Names.Length - 1)
            {
                return factor;
            }
        }

        throw new InvalidOperationException("two known names have the same length and letters: SlotOf has to look at others");
    }

    private static KnownHeader[] Index()
    {
        var slots = new KnownHeader[Slots];
        foreach (var header in Enum.GetValues<KnownHeader>().Where(header => header != KnownHeader.Other))
        {
            slots[SlotOf(Names[(int)header], Factor)] = header;
        }

        return slots;
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
