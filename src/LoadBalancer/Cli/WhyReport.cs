using System.Globalization;
using System.Text;
using LoadBalancer.Http.Explaining;

namespace LoadBalancer.Daemon.Cli;

/// <summary>Requests that failed, for people.</summary>
internal static class WhyReport
{
    private const int LabelWidth = 10;

    /// <summary>One of them, with all that is known.</summary>
    public static string Print(FailedRequest request)
    {
        var text = new StringBuilder();
        Line(text, "request", $"{request.Id}, {request.Time.ToString("yyyy-MM-dd HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)}");
        Line(text, "", $"{request.Method} {request.Host}, client {request.Client ?? "-"}, listener {request.Listener}");
        Line(text, "route", request.Route is null ? "none" : $"{request.Route}: path {request.Path}");
        var label = "policies";
        foreach (var (line, _) in ExplainReport.PolicyLines(request.Policies))
        {
            Line(text, label, line);
            label = "";
        }

        if (request.Upstream is not null)
        {
            Line(text, "upstream", string.Create(CultureInfo.InvariantCulture, $"{request.Upstream}, attempts {request.Tries}{(request.RetriedFor is { } why ? $", sent again for {why}" : "")}"));
        }

        label = "failed";
        foreach (var attempt in request.Attempts)
        {
            Line(text, label, string.Create(
                CultureInfo.InvariantCulture, $"{attempt.Endpoint}: {attempt.Fault ?? $"status {attempt.Status}"}{Part("connect", attempt.ConnectMs)}{Part("first byte", attempt.FirstByteMs)}{Part("in all", attempt.TookMs)}"));
            label = "";
        }

        Line(text, "time", string.Create(CultureInfo.InvariantCulture, $"{request.TotalMs:0.0} ms{Part("queue", request.QueueMs)}{Part("connect", request.ConnectMs)}{Part("first byte", request.FirstByteMs)}"));
        Line(text, "answer", string.Create(CultureInfo.InvariantCulture, $"{request.Status}{(request.Code is { } code ? $" {code}, by the {request.Side}" : "")}"));
        return text.ToString();
    }

    /// <summary>A line for each.</summary>
    public static string PrintList(IReadOnlyList<FailedRequest> requests)
    {
        if (requests.Count == 0)
        {
            return "no request has failed that is still remembered\n";
        }

        var table = new TextTable("time", ">status", "code", "route", "upstream", "client", "request");
        foreach (var request in requests)
        {
            table.Add(
                request.Time.ToString("HH:mm:ss", CultureInfo.InvariantCulture), request.Status.ToString(CultureInfo.InvariantCulture), request.Code ?? Shadowed(request), request.Route ?? "-",
                request.Upstream ?? "-", request.Client ?? "-", request.Id);
        }

        return table.Print();
    }

    private static string Shadowed(FailedRequest request) =>
        request.Policies.FirstOrDefault(policy => policy.Verdict == "would_refuse") is { } policy ? $"({policy.Reason ?? policy.Policy} in shadow)" : "-";

    private static string Part(string name, double? milliseconds) => milliseconds is { } value ? string.Create(CultureInfo.InvariantCulture, $", {name} {value:0.0} ms") : "";

    private static void Line(StringBuilder text, string label, string line) => text.Append(label.PadRight(LabelWidth)).Append(' ').Append(ExplainReport.Clean(line)).Append('\n');
}
