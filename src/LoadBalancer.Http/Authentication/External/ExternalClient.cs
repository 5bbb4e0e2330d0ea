using System.Net.Http.Headers;
using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Authentication.External;

/// <summary>One question to a check service, and what its answer means. Thread-safe.</summary>
/// <param name="provider">The provider's name in the file.</param>
/// <param name="options">What the file says.</param>
/// <param name="outbound">The way out.</param>
internal sealed class ExternalClient(string provider, ExternalOptions options, OutboundClient outbound)
{
    private readonly Uri _address = new(options.Url);
    private readonly (string Name, KnownHeader Known, byte[] Bytes)[] _forward =
        [.. options.Forward.Select(name => (name, Bytes: Encoding.ASCII.GetBytes(name))).Select(field => (field.name, KnownHeaders.Find(field.Bytes), field.Bytes))];

    /// <summary>Who calls while the service cannot be asked, and where that lets pass: a caller without a name.</summary>
    public Identity Nobody { get; } = new() { Provider = provider, Subject = "" };

    /// <summary>Asks. Never faults.</summary>
    /// <param name="lines">What is sent, see <see cref="ExternalQuestion"/>.</param>
    public async Task<ExternalAnswer> AskAsync(string lines)
    {
        using var request = ExternalQuestion.Read(_address, lines);
        var answer = await outbound.SendAsync(request, options.Trust, options.Timeout);
        return answer switch
        {
            { Failure: { } failure } => ExternalAnswer.Failed($"the check service cannot be asked: {failure}"),
            { Status: >= 200 and <= 299, Headers: { } headers } => Passed(headers),
            { Status: 401, Headers: { } headers } => Denied(headers),
            { Status: 403, Headers: { } headers } => new ExternalAnswer(null, FaultKind.ExternalForbidden, [], IsKept(headers)),

            // It was asked, and did not let pass. Were that a failure, whoever sends a cookie that is too long for it would choose 'on_failure'.
            { Status: >= 300 and <= 499 and not (408 or 429) } => new ExternalAnswer(null, FaultKind.ExternalForbidden, [], IsKept: false),
            { Status: var status } => ExternalAnswer.Failed($"the check service answers {status}, where 2xx lets pass, and 3xx and 4xx refuse"),
        };
    }

    private static bool IsKept(HttpResponseHeaders headers) => headers.CacheControl?.NoStore != true;

    // A challenge may be for one use, as Digest has it, so what has one is asked again.
    private static ExternalAnswer Denied(HttpResponseHeaders headers)
    {
        byte[][] challenges = headers.NonValidated.TryGetValues("WWW-Authenticate", out var values)
            ? [.. values.Select(Encoding.Latin1.GetBytes).Where(value => value.Length > 0 && FieldText.IsValue(value))]
            : [];
        return new ExternalAnswer(null, FaultKind.ExternalDenied, challenges, challenges.Length == 0 && IsKept(headers));
    }

    // Where somebody is to be named and nobody is, the next policy would take everybody for one caller.
    private ExternalAnswer Passed(HttpResponseHeaders headers) =>
        IdentityOf(headers) is { } identity && (options.SubjectHeader is null || identity.Subject.Length > 0)
            ? new ExternalAnswer(identity, FaultKind.None, [], IsKept(headers))
            : new ExternalAnswer(null, FaultKind.ExternalDenied, [], IsKept: false);

    // Several lines of one field are one list (RFC 9110 section 5.3). What no field can have is left out.
    private static byte[] ValueOf(HttpResponseHeaders headers, string name)
    {
        if (!headers.NonValidated.TryGetValues(name, out var values))
        {
            return [];
        }

        var value = Encoding.Latin1.GetBytes(string.Join(", ", values));
        return FieldText.IsValue(value) ? FieldText.Trim(value).ToArray() : [];
    }

    private Identity IdentityOf(HttpResponseHeaders headers) => new()
    {
        Provider = provider,
        Subject = options.SubjectHeader is { } subject ? Encoding.UTF8.GetString(ValueOf(headers, subject)) : "",
        Plan = options.PlanHeader is { } plan && ValueOf(headers, plan) is { Length: > 0 } value ? Encoding.UTF8.GetString(value) : null,
        Forwarded = [.. _forward.Select(field => new IdentityField(field.Known, field.Bytes, ValueOf(headers, field.Name))).Where(field => field.Value.Length > 0)],
    };
}
