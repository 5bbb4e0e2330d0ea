using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using LoadBalancer.Daemon.Comparing;

namespace LoadBalancer.Daemon.Cli;

/// <summary>Differences for people, a line each with what it is about below it, and for programs.</summary>
internal static class DifferenceReport
{
    private const int MostRoutes = 5;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
    };

    /// <summary>A JSON array of them.</summary>
    public static string Document(IReadOnlyList<Difference> differences) => JsonSerializer.Serialize(differences, Json) + "\n";

    /// <summary>The lines. What lets more through has a <c>!</c> before it.</summary>
    public static string Text(IReadOnlyList<Difference> differences)
    {
        var text = new StringBuilder();
        foreach (var difference in differences)
        {
            text.Append(difference.Loosens is null ? "  " : "! ").Append(Heading(difference)).Append('\n');
            Append(text, difference.Loosens, "");
            Append(text, difference.Routes.Count == 0 ? null : Names(difference.Routes), difference.Routes.Count == 1 ? "route " : "routes ");
            Append(text, difference.Example, "such as ");
        }

        var loosened = differences.Count(difference => difference.Loosens is not null);
        return text.Append(differences.Count == 0 ? "no difference in meaning\n" : FormattableString.Invariant($"{differences.Count} differences, {loosened} of them let more through\n")).ToString();
    }

    private static string Heading(Difference difference) => difference.Kind switch
    {
        DifferenceKind.Opened => $"opened   {difference.Path}  {difference.After}",
        DifferenceKind.Closed => $"closed   {difference.Path}  {difference.Before}",
        DifferenceKind.Moved => $"moved    {difference.Path}  {difference.Before} -> {difference.After}",
        _ => difference.Before is null ? $"new      {difference.Path}  {difference.After}"
            : difference.After is null ? $"gone     {difference.Path}  {difference.Before}"
            : $"changed  {difference.Path}  {difference.Before} -> {difference.After}",
    };

    private static string Names(IReadOnlyList<string> routes) =>
        string.Join(", ", routes.Take(MostRoutes)) + (routes.Count > MostRoutes ? FormattableString.Invariant($" and {routes.Count - MostRoutes} more") : "");

    private static void Append(StringBuilder text, string? line, string before)
    {
        if (line is not null)
        {
            text.Append("           ").Append(before).Append(line).Append('\n');
        }
    }
}
