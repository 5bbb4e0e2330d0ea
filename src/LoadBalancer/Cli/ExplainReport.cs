using System.Globalization;
using System.Text;
using LoadBalancer.Http.Explaining;

namespace LoadBalancer.Daemon.Cli;

/// <summary>An explanation for people: a step a line, in the order in which lb takes them.</summary>
/// <param name="explanation">What to print.</param>
/// <param name="colours">True for a terminal that shows colours.</param>
internal sealed class ExplainReport(Explanation explanation, bool colours)
{
    private const int LabelWidth = 10;
    private const string Green = "\e[32m";
    private const string Yellow = "\e[33m";
    private const string Red = "\e[31m";
    private const string Dim = "\e[2m";
    private const string Plain = "\e[0m";

    private readonly StringBuilder _text = new();

    /// <summary>Every line with a line feed.</summary>
    public string Print()
    {
        var request = explanation.Request;
        Line("request", $"{request.Method} {request.Url}");
        Line("", Joined($"client {request.Client ?? "-"}", $"listener {explanation.Listener}", request.Path.Length > 0 ? $"host {request.Host}, path {request.Path}" : null));
        if (explanation.Route is { } route)
        {
            Line("route", $"{route.Name}: {Joined($"host {route.Host ?? "any"}", [$"path {route.Path}", .. route.Conditions])}");
            foreach (var capture in route.Captures)
            {
                Line("", $"{{{capture.Name}}} is {capture.Value}");
            }
        }
        else if (explanation.Answer.Outcome != "closed" && request.Path.Length > 0)
        {
            Line("route", "none");
        }

        foreach (var miss in explanation.Misses)
        {
            Line("", $"not {miss.Route}: {miss.Detail}", Dim);
        }

        if (explanation.MoreMisses > 0)
        {
            Line("", $"and {explanation.MoreMisses.ToString(CultureInfo.InvariantCulture)} more that do not fit", Dim);
        }

        PrintPolicies("policies", explanation.Policies);
        if (explanation.Identity is { } identity)
        {
            Line("identity", Joined(
                $"{identity.Subject}, by {identity.Provider}", identity.Plan is { } plan ? $"plan {plan}" : null,
                identity.Roles.Count > 0 ? $"roles {string.Join(' ', identity.Roles)}" : null, identity.Scopes.Count > 0 ? $"scopes {string.Join(' ', identity.Scopes)}" : null));
        }

        foreach (var action in explanation.Actions)
        {
            PrintAction(action);
        }

        var label = "sent";
        foreach (var line in explanation.Sent)
        {
            Line(label, line);
            label = "";
        }

        PrintAnswer();
        foreach (var assumed in explanation.Assumed)
        {
            Line("assumed", assumed, Dim);
        }

        return _text.ToString();
    }

    /// <summary>Policies and what they decided, as any report prints them.</summary>
    internal static IEnumerable<(string Line, string Verdict)> PolicyLines(IReadOnlyList<PolicyExplanation> policies)
    {
        var (name, verdict) = (policies.Select(policy => policy.Policy.Length).DefaultIfEmpty().Max(), policies.Select(policy => policy.Verdict.Length).DefaultIfEmpty().Max());
        return policies.Select(policy => (
            string.Join("  ", ((string?[])[
                policy.Policy.PadRight(name), policy.Verdict.Replace('_', ' ').PadRight(verdict), policy.Reason, string.Join(", ", policy.Facts.Select(fact => $"{fact.Name} {fact.Value}"))])
                .Where(part => !string.IsNullOrEmpty(part))).TrimEnd(),
            policy.Verdict));
    }

    /// <summary>The text that is safe on a terminal: what a client sent may have control characters.</summary>
    internal static string Clean(string text) => string.Concat(text.Select(letter => char.IsControl(letter) ? '?' : letter));

    private static string Joined(string first, params string?[] rest) => string.Join(", ", rest.OfType<string>().Prepend(first));

    private void PrintPolicies(string label, IReadOnlyList<PolicyExplanation> policies)
    {
        foreach (var (line, verdict) in PolicyLines(policies))
        {
            Line(label, line, verdict switch { "refused" => Red, "would_refuse" => Yellow, "not_reached" => Dim, _ => "" });
            label = "";
        }
    }

    private void PrintAction(ActionExplanation action)
    {
        if (action.Upstream is not { } upstream)
        {
            Line(action.Kind.Length < LabelWidth ? action.Kind : "action", action.Kind.Length < LabelWidth ? action.Detail ?? "" : Joined(action.Kind, action.Detail));
            foreach (var share in action.Shares)
            {
                Line("", string.Create(CultureInfo.InvariantCulture, $"{share.Upstream} {share.Share:0.##%}{(share.Chosen ? ": this one" : "")}"));
            }

            return;
        }

        Line("upstream", $"{upstream.Name}, {upstream.Balance}");
        foreach (var note in upstream.Notes)
        {
            Line("", note, Yellow);
        }

        if (upstream.Panic is { } panic)
        {
            Line("", $"panic: {panic}", Yellow);
        }

        var width = upstream.Endpoints.Select(endpoint => endpoint.Address.Length).DefaultIfEmpty().Max();
        var label = "endpoints";
        foreach (var endpoint in upstream.Endpoints)
        {
            var state = endpoint.State == "chosen" ? upstream.IsFixed ? "chosen" : "chosen now" : endpoint.State == "candidate" ? "may be chosen" : $"left out: {endpoint.State.Replace('_', ' ')}";
            Line(label, $"{endpoint.Address.PadRight(width)}  {state}{(endpoint.Reason is { } reason ? $", {reason}" : "")}", endpoint.State == "chosen" ? Green : endpoint.MayBePicked ? "" : Yellow);
            label = "";
        }
    }

    private void PrintAnswer()
    {
        var answer = explanation.Answer;
        Line("answer", answer.Outcome switch
        {
            "forwarded" => $"the endpoint's{(explanation.Upstream?.Endpoint is { } endpoint ? $": {endpoint}" : "")}",
            "closed" => $"none: the connection is closed ({answer.Code})",
            _ => string.Create(CultureInfo.InvariantCulture, $"{answer.Status}{(answer.Code is { } code ? $" {code}" : "")}"),
        }, answer.Passes ? Green : Red);
        if (answer.Reason is { } reason)
        {
            Line("", reason);
        }

        foreach (var field in answer.Fields)
        {
            Line("", field, Dim);
        }
    }

    private void Line(string label, string text, string colour = "")
    {
        _text.Append(label.PadRight(LabelWidth)).Append(' ');
        text = Clean(text);
        if (colours && colour.Length > 0)
        {
            _text.Append(colour).Append(text).Append(Plain).Append('\n');
        }
        else
        {
            _text.Append(text).Append('\n');
        }
    }
}
