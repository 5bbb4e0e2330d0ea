using System.Globalization;
using System.Text.Json;
using LoadBalancer.Configuration;

namespace LoadBalancer.Daemon.Cli;

/// <summary>An upstream, or one endpoint of it, as a command line names it.</summary>
/// <param name="Upstream">The upstream's name, which has no <c>/</c> in it.</param>
/// <param name="Endpoint">The endpoint's address, null for all.</param>
internal sealed record EndpointTarget(string Upstream, string? Endpoint)
{
    /// <summary>What <c>orders</c> or <c>orders/10.0.0.1:80</c> means.</summary>
    public static EndpointTarget Parse(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0)
        {
            return new EndpointTarget(text, null);
        }

        // As lb itself prints it; what is no address is for lb to refuse.
        var endpoint = text[(slash + 1)..];
        return new EndpointTarget(text[..slash], AddressText.TryParse(endpoint, AddressUse.Endpoint, out var address) ? AddressText.Print(address) : endpoint);
    }

    /// <summary>Asks for a change of it and prints what each endpoint is then.</summary>
    /// <param name="path">The change.</param>
    /// <param name="client">Asks.</param>
    /// <param name="terminal">Where to print.</param>
    /// <param name="weight">Parameters of a change of weight, each with an ampersand in front; null where that is not what is changed.</param>
    /// <param name="within">The time that a drain gives to what is open; null for any.</param>
    /// <returns>An <see cref="ExitCode"/>.</returns>
    public async Task<int> ChangeAsync(string path, AdminClient client, Terminal terminal, string? weight = null, string? within = null)
    {
        var endpoint = Endpoint is null ? "" : $"&endpoint={Uri.EscapeDataString(Endpoint)}";
        var time = within is null ? "" : $"&within={Uri.EscapeDataString(within)}";
        var reply = await client.SendAsync(HttpMethod.Post, $"{path}?upstream={Uri.EscapeDataString(Upstream)}{endpoint}{weight}{time}");
        if (!reply.Succeeded || reply.Json.ValueKind != JsonValueKind.Object)
        {
            await terminal.Error.WriteLineAsync($"lb: {reply.Error}");
            return ExitCode.Failure;
        }

        foreach (var each in reply.Json.GetProperty("endpoints").EnumerateArray())
        {
            var state = each.GetProperty("state").GetString() ?? "in no upstream now";
            var share = weight is not null && each.GetProperty("weight") is { ValueKind: JsonValueKind.Number } number ? $", weight {number}" : "";
            var until = StatusReport.Time(each, "until") is { Length: > 0 } end ? $", ended at {end}" : "";
            await terminal.Out.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture, $"{Upstream}/{each.GetProperty("address").GetString()}: {state}{share}, open connections {each.GetProperty("active_connections").GetInt64()}{until}"));
        }

        return ExitCode.Success;
    }

    /// <summary>Connections that are open to it, by /status.</summary>
    public long OpenConnections(JsonElement status)
    {
        var open = 0L;
        foreach (var upstream in status.GetProperty("upstreams").EnumerateArray().Where(each => each.GetProperty("name").GetString() == Upstream))
        {
            open += upstream.GetProperty("endpoints").EnumerateArray()
                .Where(each => Endpoint is null || each.GetProperty("address").GetString() == Endpoint)
                .Sum(each => each.GetProperty("active_connections").GetInt64());
        }

        return open;
    }

    /// <inheritdoc/>
    public override string ToString() => Endpoint is null ? Upstream : $"{Upstream}/{Endpoint}";
}
