using System.Globalization;
using System.Text;
using System.Text.Json;

namespace LoadBalancer.Daemon.Cli;

/// <summary>
/// /status for a terminal. It reads the document and not the program's own types, since the lb that runs may be of another
/// version: what that one does not tell stays empty.
/// </summary>
/// <param name="status">The document.</param>
internal sealed class StatusReport(JsonElement status)
{
    private const string None = "-";
    private const int MostNames = 3;

    /// <summary>The report, with a line feed at its end.</summary>
    public string Print()
    {
        var text = new StringBuilder();
        Process(text);
        Configuration(text);
        text.Append('\n').Append(Listeners().Print());
        text.Append(Routes());
        text.Append(Cache());
        text.Append(Limits());
        if (Items(status, "listeners").Any(listener => Items(Child(listener, "tls"), "certificates").Length > 0))
        {
            text.Append('\n').Append(Certificates().Print());
        }

        text.Append('\n').Append(Upstreams().Print());
        Warnings(text);
        return text.ToString();
    }

    /// <summary>/history for a terminal, the newest first.</summary>
    public static string History(JsonElement history)
    {
        var table = new TextTable("VERSION", "LOADED", "BY", "OUTCOME", ">SIZE", "WHY");
        foreach (var entry in history.EnumerateArray().Reverse())
        {
            table.Add(Text(entry, "version"), Time(entry, "at"), Text(entry, "by"), Text(entry, "outcome"), Size(entry, "bytes"), Text(entry, "why"));
        }

        return table.Print();
    }

    private void Process(StringBuilder text)
    {
        var commit = Text(status, "commit");
        var reasons = string.Join(", ", Items(status, "not_ready_because").Select(reason => reason.GetString()));
        text.Append(CultureInfo.InvariantCulture, $"lb {Text(status, "version")}{(commit.Length > 0 ? $" ({commit})" : "")}, pid {Text(status, "process_id")}, ")
            .Append(reasons.Length == 0 ? "ready" : $"not ready: {reasons}")
            .Append(CultureInfo.InvariantCulture, $", since {Time(status, "started_at")}\n");
    }

    private void Configuration(StringBuilder text)
    {
        var config = Child(status, "config");
        text.Append(CultureInfo.InvariantCulture, $"configuration {Text(config, "version")} of {Items(config, "files").FirstOrDefault()}, since {Time(config, "loaded_at")}")
            .Append(CultureInfo.InvariantCulture, $"; reloads {Text(config, "reloads")}, refused {Text(config, "refused_reloads")}\n");
        text.Append(Text(config, "source") switch
        {
            "last_good" => "the file on disk is not what runs: it was no use at start, and this is the last good configuration\n",
            "rollback" => "the file on disk is not what runs: this version was brought back by lb rollback\n",
            "guard" => $"the file on disk is not what runs: the guard took it back: {Text(Child(config, "taken_back"), "why")}\n",
            _ => "",
        });
        if (Time(config, "guarded_until") is { Length: > 0 } until)
        {
            text.Append(CultureInfo.InvariantCulture, $"the guard watches until {until} whether requests fare worse than before the reload\n");
        }

        if (Child(config, "last_refusal") is { ValueKind: JsonValueKind.Object } refusal)
        {
            text.Append(CultureInfo.InvariantCulture, $"the file on disk is not what runs; it was refused at {Time(refusal, "at")}:\n");
            foreach (var error in Items(refusal, "errors"))
            {
                text.Append("  ").Append(error.GetString()).Append('\n');
            }
        }
    }

    private TextTable Listeners()
    {
        var table = new TextTable("LISTENER", "ADDRESS", "UPSTREAM", ">OPEN", ">MAX", ">ACCEPTED", ">REJECTED", ">RECEIVED", ">SENT");
        foreach (var listener in Items(status, "listeners"))
        {
            table.Add(
                Text(listener, "name"), string.Join(' ', Items(listener, "addresses").Select(address => address.GetString())), Text(listener, "upstream"),
                Text(listener, "active_connections"), Text(listener, "max_connections"), Text(listener, "connections"), Sum(listener, "rejected"),
                Size(listener, "received_bytes"), Size(listener, "sent_bytes"));
        }

        return table;
    }

    private string Routes()
    {
        var table = new TextTable("LISTENER", "ROUTE", "PATH", ">REQUESTS", ">2XX", ">3XX", ">4XX", ">5XX", ">P50 MS", ">P99 MS");
        var any = false;
        foreach (var (listener, route) in Items(status, "listeners").SelectMany(listener => Items(Child(listener, "requests"), "routes").Select(route => (listener, route))))
        {
            any = true;
            var requests = Child(route, "requests");
            table.Add(
                Text(listener, "name"), Text(route, "name") is { Length: > 0 } name ? name : "(no route)", Text(route, "path") is { Length: > 0 } path ? path : None, Sum(route, "requests"),
                Text(requests, "2xx"), Text(requests, "3xx"), Text(requests, "4xx"), Text(requests, "5xx"),
                Text(route, "p50_ms") is { Length: > 0 } p50 ? p50 : None, Text(route, "p99_ms") is { Length: > 0 } p99 ? p99 : None);
        }

        return any ? $"\n{table.Print()}" : "";
    }

    private string Cache()
    {
        if (Child(status, "cache") is not { ValueKind: JsonValueKind.Object } cache)
        {
            return "";
        }

        // The words are those that the other lb has.
        var routes = Items(status, "listeners").SelectMany(listener => Items(Child(listener, "requests"), "routes").Select(route => (Listener: listener, Route: route)))
            .Where(each => Child(each.Route, "cache").ValueKind == JsonValueKind.Object).ToList();
        string[] words = [.. routes.Take(1).SelectMany(each => Child(Child(each.Route, "cache"), "requests").EnumerateObject()).Select(count => count.Name)];
        var table = new TextTable(["LISTENER", "ROUTE", .. words.Select(word => $">{word.ToUpperInvariant()}"), ">SENT FROM MEMORY"]);
        foreach (var (listener, route) in routes)
        {
            var counts = Child(route, "cache");
            table.Add([Text(listener, "name"), Text(route, "name"), .. words.Select(word => Text(Child(counts, "requests"), word)), Size(counts, "sent_bytes")]);
        }

        return $"\ncache: {Size(cache, "bytes")} of {Size(cache, "memory")}, {Text(cache, "entries")} entries; stored {Text(cache, "stored")}, evicted {Text(cache, "evicted")}, purged {Text(cache, "purged")}\n"
            + (routes.Count > 0 ? table.Print() : "");
    }

    private string Limits()
    {
        var table = new TextTable("LIMIT", "PLAN", "KEY", "RULE", "MODE", ">CALLERS", ">ALLOWED", ">REFUSED", ">WATCHED");
        foreach (var limit in Items(status, "limits"))
        {
            var outcomes = Child(limit, "outcomes");
            table.Add(
                Text(limit, "name"), Text(limit, "plan") is { Length: > 0 } plan ? plan : None, Text(limit, "key"), Text(limit, "rule"), Text(limit, "mode"), Text(limit, "callers"),
                Text(outcomes, "allowed"), Text(outcomes, "refused"), Text(outcomes, "would_refuse"));
        }

        return Items(status, "limits").Length > 0 ? $"\n{table.Print()}" : "";
    }

    private TextTable Certificates()
    {
        var table = new TextTable("LISTENER", "CERTIFICATE", "KEY", "EXPIRES", ">DAYS", "FILE");
        foreach (var listener in Items(status, "listeners"))
        {
            foreach (var certificate in Items(Child(listener, "tls"), "certificates"))
            {
                var names = Items(certificate, "names");
                var others = names.Length > MostNames ? string.Create(CultureInfo.InvariantCulture, $" and {names.Length - MostNames} more") : "";
                table.Add(
                    Text(listener, "name"), string.Join(' ', names.Take(MostNames).Select(name => name.GetString())) + others, Text(certificate, "key"),
                    Time(certificate, "not_after"), Text(certificate, "days_left"), Text(certificate, "file"));
            }
        }

        return table;
    }

    private TextTable Upstreams()
    {
        var table = new TextTable("UPSTREAM", "ENDPOINT", "STATE", ">WEIGHT", ">OPEN", ">PICKED", ">FAULTS", "WHY");
        foreach (var upstream in Items(status, "upstreams"))
        {
            var name = $"{Text(upstream, "name")} ({Text(upstream, "balance")}{(Text(upstream, "panic").Length > 0 ? ", panic" : "")})";
            var endpoints = Items(upstream, "endpoints");
            foreach (var endpoint in endpoints)
            {
                table.Add(
                    name, Text(endpoint, "address"), Text(endpoint, "state"), Text(endpoint, "weight") + (Flag(endpoint, "backup") ? " backup" : ""),
                    Text(endpoint, "active_connections"), Text(endpoint, "connections"), Sum(endpoint, "faults"), Why(endpoint));
            }

            if (endpoints.Length == 0)
            {
                table.Add(name, None, None, None, None, None, None, "no endpoint");
            }
        }

        return table;
    }

    private void Warnings(StringBuilder text)
    {
        var lines = Items(status, "listeners")
            .Where(listener => Text(Child(listener, "tls"), "refusal").Length > 0)
            .Select(listener => $"{Text(listener, "name")}: files of TLS have changed and are no use, so those before stay: {Text(Child(listener, "tls"), "refusal")}\n")
            .Concat(Items(status, "auth_files").Where(file => Text(file, "refusal").Length > 0)
                .Select(file => $"{Text(file, "name")}: {Text(file, "file")} has changed and is no use, so what was read before stays: {Text(file, "refusal")}\n"))
            .Concat(Items(status, "redis").Where(node => !Flag(node, "up"))
                .Select(node => $"redis: {Text(node, "node")} cannot be asked, so each limit's on_failure decides: {Text(node, "reason")}\n"))
            .Concat(Items(status, "auth_keys").Where(keys => Text(keys, "failure").Length > 0)
                .Select(keys => $"{Text(keys, "name")}: the issuer's keys cannot be had{(Text(keys, "fetched_at").Length > 0 ? $", so those of {Time(keys, "fetched_at")} stay" : "")}: {Text(keys, "failure")}\n"))
            .Concat(Items(status, "upstreams").SelectMany(upstream => Warnings(upstream).Select(warning => $"{Text(upstream, "name")}: {warning}\n"))).ToList();
        text.Append(lines.Count == 0 ? "" : "\n").AppendJoin("", lines);
    }

    private static IEnumerable<string> Warnings(JsonElement upstream)
    {
        if (Text(upstream, "panic") is { Length: > 0 } panic)
        {
            yield return $"panic: {panic}";
        }

        if (Child(upstream, "circuit") is { ValueKind: JsonValueKind.Object } circuit && Text(circuit, "state") is not ("" or "closed") and var state)
        {
            yield return $"circuit breaker: {state.Replace('_', '-')} since {Time(circuit, "since")}: {Text(circuit, "reason")}; {Text(circuit, "refused")} refused so far";
        }

        if (Child(upstream, "concurrency") is { ValueKind: JsonValueKind.Object } concurrency
            && Child(concurrency, "shed") is { ValueKind: JsonValueKind.Object } shed && shed.EnumerateObject().Any(count => count.Value.GetRawText() != "0"))
        {
            yield return $"concurrency: {Text(concurrency, "under_way")} of {Text(concurrency, "limit")} requests under way; shed so far: {string.Join(", ", shed.EnumerateObject().Select(count => $"{count.Value} {count.Name}"))}";
        }

        if (Child(upstream, "retry_budget") is { ValueKind: JsonValueKind.Object } budget && Text(budget, "refused") is not ("" or "0") and var unmade)
        {
            yield return $"retries: {Text(budget, "spent")} in the last 10 s, beside {Text(budget, "requests")} requests; so far {unmade} were not made, because the budget was spent";
        }

        var (pending, timeouts, overflows) = (Text(upstream, "pending"), Text(upstream, "pending_timeouts"), Text(upstream, "pending_overflows"));
        if (new[] { pending, timeouts, overflows }.Any(count => count is not ("" or "0")))
        {
            yield return $"pending: {pending} wait for room; so far {timeouts} waited in vain, and {overflows} found the queue full";
        }

        if (Text(Child(upstream, "discovery"), "left_out") is not ("" or "0") and var leftOut)
        {
            yield return $"discovery: the name has {leftOut} more addresses than are taken";
        }

        if (Text(Child(upstream, "discovery"), "last_error") is { Length: > 0 } error)
        {
            yield return $"discovery: {error}, at {Time(Child(upstream, "discovery"), "last_error_at")}; the last good answer is of {Time(Child(upstream, "discovery"), "last_success")}";
        }
    }

    private static string Why(JsonElement endpoint)
    {
        var verdicts = Items(endpoint, "verdicts")
            .Where(verdict => Text(verdict, "verdict") != "healthy")
            .Select(verdict => $"{Text(verdict, "judge")}: {Text(verdict, "reason")}{(Time(verdict, "since") is { Length: > 0 } since ? $", since {since}" : "")}");
        return string.Join("; ", [.. Said("drained", ""), .. Said("weighed", "weight "), .. verdicts]);

        IEnumerable<string> Said(string key, string what) =>
            Child(endpoint, key) is { ValueKind: JsonValueKind.Object } said
                ? [$"{what}by {Text(said, "by")}, since {Time(said, "since")}{(Time(said, "until") is { Length: > 0 } until ? $", ends what is open at {until}" : "")}"]
                : [];
    }

    private static JsonElement Child(JsonElement owner, string key) =>
        owner.ValueKind == JsonValueKind.Object && owner.TryGetProperty(key, out var child) ? child : default;

    private static JsonElement[] Items(JsonElement owner, string key) =>
        Child(owner, key) is { ValueKind: JsonValueKind.Array } list ? [.. list.EnumerateArray()] : [];

    private static bool Flag(JsonElement owner, string key) => Child(owner, key).ValueKind == JsonValueKind.True;

    private static string Text(JsonElement owner, string key) =>
        Child(owner, key) is { ValueKind: not (JsonValueKind.Undefined or JsonValueKind.Null) } value ? value.ToString() : "";

    private static string Sum(JsonElement owner, string key) => Child(owner, key) is { ValueKind: JsonValueKind.Object } counts
        ? counts.EnumerateObject().Sum(count => count.Value.GetInt64()).ToString(CultureInfo.InvariantCulture)
        : "";

    /// <summary>A time of the document, for a person; empty where there is none.</summary>
    public static string Time(JsonElement owner, string key) =>
        Child(owner, key) is { ValueKind: JsonValueKind.String } value && value.TryGetDateTimeOffset(out var time)
            ? time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture)
            : "";

    private static string Size(JsonElement owner, string key)
    {
        if (Child(owner, key) is not { ValueKind: JsonValueKind.Number } value)
        {
            return "";
        }

        var (amount, unit) = value.GetDouble() switch
        {
            >= 1e12 and var bytes => (bytes / 1e12, "TB"),
            >= 1e9 and var bytes => (bytes / 1e9, "GB"),
            >= 1e6 and var bytes => (bytes / 1e6, "MB"),
            >= 1e3 and var bytes => (bytes / 1e3, "kB"),
            var bytes => (bytes, "B"),
        };
        return string.Create(CultureInfo.InvariantCulture, $"{amount:0.#} {unit}");
    }
}
