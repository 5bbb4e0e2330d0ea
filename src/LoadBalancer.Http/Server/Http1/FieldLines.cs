namespace LoadBalancer.Http.Server.Http1;

/// <summary>
/// Reads the field lines of a head or of trailers (RFC 9112 section 5), in one pass: names are tokens right before their colon, values
/// have no control characters but tabs, every line ends with CR LF, and none continues the one before it (obs-fold).
/// </summary>
internal static class FieldLines
{
    /// <summary>Adds the lines from <paramref name="start"/> to <paramref name="end"/> of the list's bytes; the last of them has to be, and only it may be, empty.</summary>
    /// <returns>False where a line breaks the rules.</returns>
    public static bool TryParse(HeaderList list, int start, int end)
    {
        var bytes = list.Bytes[..end];
        var at = start;
        while (bytes[at] != '\r')
        {
            var line = bytes[at..];
            var colon = FieldText.TokenLength(line);
            if (colon == 0 || line[colon] != ':')
            {
                return false;
            }

            var stop = colon + 1 + FieldText.ValueLength(line[(colon + 1)..]);
            if (line[stop] != '\r' || line[stop + 1] != '\n')
            {
                return false;
            }

            var first = colon + 1;
            while (first < stop && line[first] is (byte)' ' or (byte)'\t')
            {
                first++;
            }

            var last = stop;
            while (last > first && line[last - 1] is (byte)' ' or (byte)'\t')
            {
                last--;
            }

            // Exactly "name: value CR LF" is copied as it is; any other white space is written anew.
            var verbatim = last == stop && first == colon + 2 && line[colon + 1] == ' ';
            list.AddSlice(KnownHeaders.Find(line[..colon]), at, colon, at + first, last - first, verbatim);
            at += stop + 2;
        }

        return at == end - 2;
    }
}
