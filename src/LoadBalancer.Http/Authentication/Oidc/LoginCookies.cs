using System.Buffers;
using System.Globalization;
using System.Text;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Authentication.Oidc;

/// <summary>
/// The cookies of a provider: those of a session, which is cut into several where it is long, and one for each login that a browser has begun. Their names begin with
/// <c>__Host-</c>, which browsers take only by https, without a domain and for all paths, so that no neighbour can set one. Immutable and thread-safe.
/// </summary>
/// <param name="provider">The provider's name in the file.</param>
internal sealed class LoginCookies(string provider)
{
    /// <summary>So many letters are in one cookie; browsers take 4096 with the name and all.</summary>
    public const int ChunkLength = 3800;

    /// <summary>A session has so many cookies at most: more would not fit into the head of a request beside the others.</summary>
    public const int MostChunks = 4;

    /// <summary>A session has so many letters at most.</summary>
    public const int MostLetters = MostChunks * ChunkLength;

    /// <summary>So many logins at once may a browser have begun; beyond them it begins anew.</summary>
    public const int MostLogins = 8;

    private const int StateLetters = 8;
    private const string Attributes = "; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=";

    // Of base64url: what begins a state becomes a part of a cookie's name.
    private static readonly SearchValues<char> Letters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    private static readonly byte[] Own = "__Host-lb"u8.ToArray();

    private readonly string _session = $"__Host-lb~{provider}";
    private readonly byte[][] _sessionNames =
        [.. Enumerable.Range(0, MostChunks).Select(chunk => Encoding.ASCII.GetBytes(chunk == 0 ? $"__Host-lb~{provider}" : FormattableString.Invariant($"__Host-lb~{provider}~{chunk}")))];

    private readonly byte[] _login = Encoding.ASCII.GetBytes($"__Host-lb-login~{provider}~");

    /// <summary>True where there is a session's cookie, be it a bad one.</summary>
    public bool HasSession(HeaderList fields) => fields.MayHave(KnownHeader.Cookie) && CookieText.TryFind(fields, _sessionNames[0], out _);

    /// <summary>The sealed session; false where there is none, or not all of it.</summary>
    /// <param name="fields">The request's.</param>
    /// <param name="room"><see cref="MostLetters"/> bytes, for one of several cookies.</param>
    /// <param name="text">The sealed text.</param>
    public bool TryReadSession(HeaderList fields, Span<byte> room, out ReadOnlySpan<byte> text)
    {
        text = default;
        if (!CookieText.TryFind(fields, _sessionNames[0], out var first) || first.Length < 2 || first.Length > ChunkLength + 2 || first[1] != '.')
        {
            return false;
        }

        var count = first[0] - '0';
        if (count is < 1 or > MostChunks)
        {
            return false;
        }

        if (count == 1)
        {
            text = first[2..];
            return true;
        }

        first[2..].CopyTo(room);
        var length = first.Length - 2;
        for (var chunk = 1; chunk < count; chunk++)
        {
            if (!CookieText.TryFind(fields, _sessionNames[chunk], out var next) || next.Length > ChunkLength)
            {
                return false;
            }

            next.CopyTo(room[length..]);
            length += next.Length;
        }

        text = room[..length];
        return true;
    }

    /// <summary>The response sets the session's cookies, and clears those that are left of a longer one.</summary>
    /// <param name="exchange">The exchange.</param>
    /// <param name="text">The sealed text, of at most <see cref="MostLetters"/>.</param>
    /// <param name="seconds">How long they last.</param>
    public void SetSession(Exchange exchange, string text, long seconds)
    {
        var count = (text.Length + ChunkLength - 1) / ChunkLength;
        for (var chunk = 0; chunk < count; chunk++)
        {
            var part = text.AsSpan(chunk * ChunkLength, Math.Min(ChunkLength, text.Length - (chunk * ChunkLength)));
            Set(exchange, NameOf(chunk), chunk == 0 ? string.Create(CultureInfo.InvariantCulture, $"{count}.{part}") : part.ToString(), seconds);
        }

        ClearSession(exchange, count);
    }

    /// <summary>The response clears those of the session's cookies that the request has.</summary>
    public void ClearSession(Exchange exchange) => ClearSession(exchange, 0);

    /// <summary>The response sets the cookie of a login.</summary>
    public void SetLogin(Exchange exchange, LoginState login, string text)
    {
        var fields = exchange.Request.Fields;
        var begun = LoginsOf(fields);
        if (begun.Count >= MostLogins)
        {
            foreach (var name in begun)
            {
                Set(exchange, name, "", 0);
            }
        }

        Set(exchange, LoginName(login.State), text, LoginState.MostSeconds);
    }

    /// <summary>The sealed login to which what came back with a browser belongs; false where this browser has begun none such.</summary>
    public bool TryReadLogin(HeaderList fields, string state, out ReadOnlySpan<byte> text)
    {
        text = default;
        return state.Length > StateLetters && state.AsSpan(0, StateLetters).IndexOfAnyExcept(Letters) < 0 && CookieText.TryFind(fields, Encoding.UTF8.GetBytes(LoginName(state)), out text);
    }

    /// <summary>The response clears the cookie of a login.</summary>
    public void ClearLogin(Exchange exchange, string state) => Set(exchange, LoginName(state), "", 0);

    /// <summary>Takes every cookie of lb's logins out of a request: they are for lb alone, and an endpoint could use them.</summary>
    public static void RemoveAll(HeaderList fields)
    {
        for (var at = fields.Find(KnownHeader.Cookie); at >= 0; at = fields.Find(KnownHeader.Cookie, at + 1))
        {
            if (fields.Value(at).IndexOf(Own) < 0)
            {
                continue;
            }

            // What is kept goes behind the bytes that are there, and the field becomes it.
            var start = fields.Bytes.Length;
            for (var from = 0; from < fields[at].ValueLength;)
            {
                var rest = fields.Value(at)[from..];
                var end = rest.IndexOf((byte)';');
                var length = end < 0 ? rest.Length : end;
                var pair = FieldText.Trim(rest[..length]);
                if (!pair.IsEmpty && !pair.StartsWith(Own))
                {
                    // The span stays what it is where the buffer moves.
                    fields.Append(fields.Bytes.Length > start ? "; "u8 : default);
                    fields.Append(pair);
                }

                from += length + 1;
            }

            if (fields.Bytes.Length == start)
            {
                fields.RemoveAt(at);
                continue;
            }

            ref var field = ref fields[at];
            (field.ValueStart, field.ValueLength, field.Verbatim) = (start, fields.Bytes.Length - start, false);
        }
    }

    private static void Set(Exchange exchange, string name, string value, long seconds) =>
        exchange.Cookies.Add(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{name}={value}{Attributes}{seconds}")));

    private string NameOf(int chunk) => chunk == 0 ? _session : string.Create(CultureInfo.InvariantCulture, $"{_session}~{chunk}");

    private string LoginName(string state) => $"{Encoding.ASCII.GetString(_login)}{state.AsSpan(0, StateLetters)}";

    private void ClearSession(Exchange exchange, int from)
    {
        for (var chunk = from; chunk < MostChunks; chunk++)
        {
            if (CookieText.TryFind(exchange.Request.Fields, _sessionNames[chunk], out _))
            {
                Set(exchange, NameOf(chunk), "", 0);
            }
        }
    }

    // What a browser has; whoever names more of them would have each in a line of the response.
    private HashSet<string> LoginsOf(HeaderList fields)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var at = fields.Find(KnownHeader.Cookie); at >= 0; at = fields.Find(KnownHeader.Cookie, at + 1))
        {
            foreach (var pair in Encoding.ASCII.GetString(fields.Value(at)).Split(';'))
            {
                var name = pair.Split('=')[0].Trim();
                if (name.StartsWith(Encoding.ASCII.GetString(_login), StringComparison.Ordinal) && FieldText.IsToken(Encoding.ASCII.GetBytes(name)) && names.Add(name) && names.Count == 2 * MostLogins)
                {
                    return names;
                }
            }
        }

        return names;
    }
}
