using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Authentication.Jwt;

/// <summary>Where a request may have its token: in <c>Authorization: Bearer</c>, and where the file says so besides. Immutable and thread-safe.</summary>
internal sealed class TokenPlaces
{
    private readonly byte[]? _header;
    private readonly byte[]? _cookie;
    private readonly byte[]? _query;

    /// <summary>The places that the file names.</summary>
    public TokenPlaces(JwtOptions options)
    {
        _header = options.Header is { } header ? Encoding.ASCII.GetBytes(header) : null;
        _cookie = options.Cookie is { } cookie ? Encoding.ASCII.GetBytes(cookie) : null;
        _query = options.Query is { } query ? Encoding.UTF8.GetBytes(query) : null;
    }

    /// <summary>True where there is a token in one of them, or something else.</summary>
    public bool HasAny(RequestHead request) =>
        BearerToken.IsPresent(request.Fields)
        || (_header is not null && request.Fields.Find(_header) >= 0)
        || (_cookie is not null && CookieText.TryFind(request.Fields, _cookie, out _))
        || (_query is not null && QueryText.Find(request.Query, _query, out _, out _));

    /// <summary>The token; or why it is no good. Two of them could be two callers.</summary>
    public FaultKind Read(RequestHead request, out ReadOnlySpan<byte> token)
    {
        var fault = BearerToken.Read(request.Fields, out token);
        if (fault is not (FaultKind.None or FaultKind.CredentialMissing) || (_header is null && _cookie is null && _query is null))
        {
            return fault;
        }

        var fields = request.Fields;
        var found = fault == FaultKind.None ? 1 : 0;
        for (var at = _header is null ? -1 : fields.Find(_header); at >= 0; at = fields.Find(_header, at + 1))
        {
            token = fields.Value(at);
            found++;
        }

        if (_cookie is not null && CookieText.TryFind(fields, _cookie, out var cookie))
        {
            token = cookie;
            found += CookieText.Count(fields, _cookie);
        }

        var rest = request.Query;
        while (_query is not null && QueryText.Find(rest, _query, out var parameter, out rest))
        {
            token = parameter;
            found++;
        }

        return found == 1 ? FaultKind.None : found == 0 ? FaultKind.CredentialMissing : FaultKind.CredentialAmbiguous;
    }

    /// <summary>Takes the token out, wherever it is.</summary>
    public void Remove(RequestHead request)
    {
        var fields = request.Fields;
        if (BearerToken.IsPresent(fields))
        {
            fields.Remove(KnownHeader.Authorization);
        }

        if (_header is not null)
        {
            fields.Remove(_header);
        }

        if (_cookie is not null)
        {
            CookieText.Remove(fields, _cookie);
        }

        if (_query is not null && QueryText.Find(request.Query, _query, out _, out _))
        {
            request.QuerySlice = QueryText.Without(fields, request.QuerySlice, _query);
            request.HasQuery = request.QuerySlice.Length > 0;
        }
    }
}
