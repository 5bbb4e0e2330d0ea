using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Caching;

/// <summary>What a client has already and would be spared (RFC 9110 section 13): whether a response that is kept is the one it has, or a part of it.</summary>
internal static class Conditions
{
    /// <summary>True where the client has it: then the answer is 304. An If-None-Match counts alone, and by the weak comparison (sections 13.1.2 and 13.1.3).</summary>
    /// <param name="request">The request's fields.</param>
    /// <param name="tag">The ETag of what is kept; empty for none.</param>
    /// <param name="modified">When it was changed, as its Last-Modified says, in seconds since 1970; negative where nothing says so.</param>
    public static bool ClientHas(HeaderList request, ReadOnlySpan<byte> tag, long modified)
    {
        if (request.Find(KnownHeader.IfNoneMatch) is var at and >= 0)
        {
            for (; at >= 0; at = request.Find(KnownHeader.IfNoneMatch, at + 1))
            {
                if (Names(request.Value(at), tag))
                {
                    return true;
                }
            }

            return false;
        }

        return modified >= 0 && request.TryGet(KnownHeader.IfModifiedSince, out var text) && HttpDate.TryParse(text, out var since) && modified <= since;
    }

    /// <summary>
    /// True where a part of what is kept fits to what the client has of it: no If-Range, the same strong ETag, or the very date of its last change, where that tells
    /// two versions apart (sections 13.1.5 and 8.8.2.2).
    /// </summary>
    /// <param name="request">The request's fields.</param>
    /// <param name="tag">The ETag of what is kept; empty for none.</param>
    /// <param name="modified">Its Last-Modified, in seconds since 1970; negative for none.</param>
    /// <param name="made">Its Date, in seconds since 1970.</param>
    public static bool PartFits(HeaderList request, ReadOnlySpan<byte> tag, long modified, long made)
    {
        if (request.Find("if-range"u8) is var at && at < 0)
        {
            return true;
        }

        var condition = request.Value(at);
        return request.Find("if-range"u8, at + 1) < 0
            && (Opaque(condition).Length == condition.Length ? condition.Length > 0 && condition.SequenceEqual(tag)
                : modified >= 0 && modified < made && HttpDate.TryParse(condition, out var date) && date == modified);
    }

    private static bool Names(ReadOnlySpan<byte> list, ReadOnlySpan<byte> tag)
    {
        if (FieldText.Trim(list) is [(byte)'*'])
        {
            return true;
        }

        var wanted = Opaque(tag);
        while (wanted.Length > 0)
        {
            list = list.TrimStart(", \t"u8);
            var candidate = Opaque(list);
            if (candidate.Length == 0)
            {
                return false;
            }

            if (candidate.SequenceEqual(wanted))
            {
                return true;
            }

            list = list[(list.IndexOf((byte)'"') + candidate.Length)..];
        }

        return false;
    }

    // The quoted part at the beginning, its quotes included; empty where there is none. Quotes inside cannot be escaped (RFC 9110 section 8.8.3).
    private static ReadOnlySpan<byte> Opaque(ReadOnlySpan<byte> text)
    {
        if (text.StartsWith("W/"u8))
        {
            text = text[2..];
        }

        if (text.Length < 2 || text[0] != '"')
        {
            return default;
        }

        var end = text[1..].IndexOf((byte)'"');
        return end < 0 ? default : text[..(end + 2)];
    }
}
