using System.Globalization;
using System.Text;
using System.Text.Json;

namespace LoadBalancer.Daemon.Cli;

/// <summary>The forms in which <c>lb usage</c> prints the answer of GET /usage.</summary>
internal static class UsageReport
{
    private static readonly string[] Names = ["auth", "subject", "plan"];
    private static readonly string[] Numbers = ["requests", "rate_limited", "quota_exceeded", "concurrency_exceeded", "received_bytes", "sent_bytes"];

    /// <summary>A heading that says which time it is about, and a table.</summary>
    public static string Text(JsonElement usage)
    {
        var table = new TextTable("CALLER", "AUTH", "PLAN", ">REQUESTS", ">RATE LIMITED", ">OVER QUOTA", ">TOO MANY AT ONCE", ">RECEIVED", ">SENT");
        foreach (var caller in usage.GetProperty("callers").EnumerateArray())
        {
            table.Add(
            [
                Name(caller, "subject"), Name(caller, "auth"), Name(caller, "plan"),
                .. Numbers[..4].Select(number => Number(caller, number).ToString(CultureInfo.InvariantCulture)), .. Numbers[4..].Select(number => Size(Number(caller, number))),
            ]);
        }

        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{usage.GetProperty("month").GetString()}, counted from {Time(usage, "since")} to {Time(usage, "until")}{By(usage)}\n");
        return (usage.GetProperty("callers").GetArrayLength() > 0 ? text.Append(table.Print()) : text.Append("no request of a caller was counted\n")).ToString();

        static string By(JsonElement usage) =>
            !usage.GetProperty("complete").GetBoolean() ? " by this instance alone: the redis that instances share cannot be asked"
            : usage.GetProperty("instances").GetInt32() is > 1 and var instances ? string.Create(CultureInfo.InvariantCulture, $" by {instances} instances")
            : "";

        static string Name(JsonElement caller, string name) => caller.GetProperty(name).GetString() ?? "-";
    }

    /// <summary>RFC 4180: a header, then a line a caller.</summary>
    public static string Csv(JsonElement usage)
    {
        var month = usage.GetProperty("month").GetString()!;
        var text = new StringBuilder().AppendJoin(',', [.. (string[])["month"], .. Names, .. Numbers]).Append("\r\n");
        foreach (var caller in usage.GetProperty("callers").EnumerateArray())
        {
            text.AppendJoin(
                ',', [month, .. Names.Select(name => Quoted(caller.GetProperty(name).GetString() ?? "")), .. Numbers.Select(number => Number(caller, number).ToString(CultureInfo.InvariantCulture))]).Append("\r\n");
        }

        return text.ToString();
    }

    // A subject is what a token says, and a spreadsheet takes what begins so for a formula.
    private static string Quoted(string text)
    {
        text = text is ['=' or '+' or '-' or '@' or '\t' or '\r', ..] ? "'" + text : text;
        return text.AsSpan().IndexOfAny("\",\r\n\t") >= 0 ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
    }

    private static long Number(JsonElement caller, string name) => caller.GetProperty(name).GetInt64();

    private static string Time(JsonElement usage, string name) => usage.GetProperty(name).GetDateTimeOffset().ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    private static string Size(long bytes) => bytes switch
    {
        < 1000 => string.Create(CultureInfo.InvariantCulture, $"{bytes} B"),
        < 1000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:0.0} kB"),
        < 1000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.0} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.0} GB"),
    };
}
