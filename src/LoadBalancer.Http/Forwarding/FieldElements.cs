using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Forwarding;

/// <summary>The elements of a field that is a list (RFC 9110 section 5.6.1): what commas part, empty ones left out.</summary>
internal static class FieldElements
{
    /// <summary>The next element without white space around it; false at the end.</summary>
    public static bool TryNext(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> element)
    {
        while (rest.Length > 0)
        {
            var comma = rest.IndexOf((byte)',');
            element = FieldText.Trim(comma < 0 ? rest : rest[..comma]);
            rest = comma < 0 ? default : rest[(comma + 1)..];
            if (element.Length > 0)
            {
                return true;
            }
        }

        element = default;
        return false;
    }

    /// <summary>
    /// The last elements of a list, the last one first. It is read from its end, where the nearest proxies wrote: what a client left open
    /// at its beginning, such as a quote, changes nothing of what they said.
    /// </summary>
    /// <param name="value">The list.</param>
    /// <param name="last">Takes as many as it has room for.</param>
    /// <param name="quotes">True where commas between quotes part nothing.</param>
    /// <returns>How many it took.</returns>
    public static int TakeLast(ReadOnlySpan<byte> value, Span<Slice> last, bool quotes = false)
    {
        var (count, end, quoted) = (0, value.Length, false);
        for (var at = value.Length - 1; at >= -1 && count < last.Length; at--)
        {
            if (at >= 0 && quotes && value[at] == '"')
            {
                quoted = !quoted;
            }
            else if (at < 0 || (value[at] == ',' && !quoted))
            {
                var element = value[(at + 1)..end];
                var lead = element.Length - element.TrimStart(" \t"u8).Length;
                if (lead < element.Length)
                {
                    last[count++] = new Slice(at + 1 + lead, FieldText.Trim(element).Length);
                }

                end = at;
            }
        }

        return count;
    }
}
