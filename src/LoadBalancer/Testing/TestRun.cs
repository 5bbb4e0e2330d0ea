using LoadBalancer.Daemon.Explaining;
using LoadBalancer.Http.Explaining;

namespace LoadBalancer.Daemon.Testing;

/// <summary>The expectations of a file, put to a configuration: each request is explained, each assertion proved.</summary>
/// <param name="Outcomes">One for each, in the order of the file.</param>
/// <param name="Unreached">Routes that no request of the file reached, each <c>LISTENER ROUTE</c>.</param>
internal sealed record TestRun(IReadOnlyList<TestOutcome> Outcomes, IReadOnlyList<string> Unreached)
{
    /// <summary>Runs them.</summary>
    public static async Task<TestRun> Of(TestFileOptions file, OfflineGateway gateway)
    {
        var outcomes = new List<TestOutcome>();
        var redaction = gateway.Options.RedactionWith(file.Secrets);
        var unreached = gateway.Proxies.SelectMany(proxy => proxy.Value.Routes.Routes.Select(route => $"{proxy.Key} {route.Name}")).Distinct(StringComparer.Ordinal).ToList();
        foreach (var test in file.Tests)
        {
            if (test.Assert is { } assertion)
            {
                outcomes.Add(new TestOutcome(test.Name ?? $"assert {TestAssertOptions.Shape.Describe(assertion)}", AssertionProof.Violations(assertion, gateway)));
                continue;
            }

            var (request, expect) = (test.Request!, test.Expect!);
            var name = test.Name is { } given ? redaction.Text(given) : redaction.Query($"{request.Method} {request.Url}");
            try
            {
                var explanation = await gateway.ExplainAsync(request.ToQuestion());
                unreached.Remove($"{explanation.Listener} {explanation.Route?.Name}");
                outcomes.Add(new TestOutcome(name, [.. Otherwise(expect, explanation, redaction).Select(redaction.Text)]));
            }
            catch (QuestionException error)
            {
                outcomes.Add(new TestOutcome(name, [redaction.Query(error.Message)]));
            }
        }

        return new TestRun(outcomes, unreached);
    }

    private static IEnumerable<string> Otherwise(TestExpectOptions expect, Explanation found, Redaction redaction)
    {
        if (expect.IsUnrouted ? found.Route is not null : expect.Route is not null && found.Route?.Name != expect.Route)
        {
            var near = found.Misses.FirstOrDefault(miss => miss.Route == expect.Route);
            yield return $"route: expected {expect.Route ?? "none"}, found {found.Route?.Name ?? "none"}{(near is null ? "" : $"; {near.Route}: {near.Detail}")}";
        }

        foreach (var (what, wanted, actual) in new[]
        {
            ("outcome", expect.Outcome, found.Answer.Outcome),
            ("status", Text(expect.Status), Text(found.Answer.Status) ?? "that of the endpoint"),
            ("reason", expect.Reason, found.Answer.Code ?? "none"),
            ("path", expect.Path, PathOf(found) ?? "nothing is sent"),
            ("location", expect.Location, Values(found.Answer.Fields, "Location") is [var only] ? only : "none"),
        })
        {
            if (wanted is not null && wanted != actual)
            {
                yield return $"{what}: expected {wanted}, found {actual}{(found.Answer.Reason is { } reason && what is "outcome" or "status" ? $" ({reason})" : "")}";
            }
        }

        if (expect.Upstream is { } upstream && !UpstreamsOf(found).Contains(upstream, StringComparer.Ordinal))
        {
            yield return $"upstream: expected {upstream}, found {Listed(UpstreamsOf(found))}";
        }

        if (expect.Endpoints.Count > 0)
        {
            var actual = (found.Upstream?.Endpoints ?? []).Where(endpoint => endpoint.MayBePicked).Select(endpoint => endpoint.Address).ToList();
            if (!actual.ToHashSet(StringComparer.Ordinal).SetEquals(expect.Endpoints))
            {
                yield return $"endpoints: expected {Listed(expect.Endpoints)}, found {Listed(actual)}";
            }
        }

        foreach (var (name, value) in expect.Sent)
        {
            var values = Values(found.Sent.Skip(1), name);
            if (!values.Contains(value, StringComparer.Ordinal))
            {
                yield return $"sent: expected {redaction.Field($"{name}: {value}")}, found {(values.Count == 0 ? "no such field" : Listed(values))}";
            }
        }

        foreach (var name in expect.NotSent.Where(name => Values(found.Sent.Skip(1), name).Count > 0))
        {
            yield return $"not_sent: {name} is sent: {Listed(Values(found.Sent.Skip(1), name))}";
        }

        foreach (var (policy, verdict) in expect.Verdicts)
        {
            var decided = found.Policies.FirstOrDefault(each => each.Policy == policy);
            if (decided?.Verdict != verdict)
            {
                yield return $"verdicts: expected {policy}: {verdict}, found {(decided is null ? "no such policy on the route" : decided.Reason is { } reason ? $"{decided.Verdict} ({reason})" : decided.Verdict)}";
            }
        }
    }

    private static List<string> UpstreamsOf(Explanation found) =>
    [
        .. found.Actions.SelectMany(action => action.Shares.Select(share => share.Upstream).Concat(action.Upstream is { } upstream ? [upstream.Name] : [])).Distinct(StringComparer.Ordinal),
    ];

    private static string? PathOf(Explanation found) => found.Sent.Count > 0 && found.Sent[0].Split(' ') is [_, var path, ..] ? path : null;

    private static List<string> Values(IEnumerable<string> lines, string name) =>
    [
        .. lines.Where(line => line.Length > name.Length && line[name.Length] == ':' && line.StartsWith(name, StringComparison.OrdinalIgnoreCase)).Select(line => line[(name.Length + 1)..].Trim()),
    ];

    private static string? Text(int? status) => status?.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static string Listed(IReadOnlyCollection<string> items) => items.Count == 0 ? "none" : string.Join(", ", items);
}
