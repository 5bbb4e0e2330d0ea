using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Daemon.Reloading;
using LoadBalancer.Http.Caching;
using LoadBalancer.Http.Routing;

namespace LoadBalancer.Daemon.Admin;

/// <summary>
/// POST /purge: gives up answers that are kept, of a host, a path or what paths begin with, or with a tag; where several are named, those of which all are true.
/// <c>all=true</c> stands for everything. What is asked for after it comes from an endpoint.
/// </summary>
/// <param name="present">What runs.</param>
/// <param name="time">Says what was asked for before.</param>
internal sealed class PurgeAction(Func<Snapshot> present, TimeProvider time) : IAdminAction
{
    /// <inheritdoc/>
    public string Path => "/purge";

    /// <inheritdoc/>
    public IReadOnlyList<string> Parameters { get; } = ["host", "path", "prefix", "tag", "all"];

    /// <inheritdoc/>
    public Task<AdminAnswer> RunAsync(AdminRequest request)
    {
        if (Refuse(request) is { } wrong || (wrong = Read(request, out var purge)) is not null)
        {
            return Task.FromResult(AdminAnswer.Problem(400, wrong));
        }

        var count = present().Cache?.Purge(purge) ?? 0;
        return Task.FromResult(AdminAnswer.Json(200, AdminJson.Format(new PurgedAnswer(count))));
    }

    private static string? Refuse(AdminRequest request)
    {
        // A variable of a script that is not set must not make much of little.
        var empty = request.Query.FirstOrDefault(parameter => parameter.Value.Length == 0).Key;
        return empty is not null ? $"'{empty}' is empty"
            : request["all"] is { } all and not "true" ? $"'all' is true or left out, not {ScalarNode.Quote(all)}"
            : request["all"] is not null ? request.Query.Count > 1 ? "'all' means everything: it stands alone" : null
            : request.Query.Count == 0 ? "/purge needs 'host', 'path', 'prefix' or 'tag', or 'all=true' for everything"
            : request["path"] is not null && request["prefix"] is not null ? "'path' and 'prefix' exclude each other: a path is one, a prefix is of many"
            : null;
    }

    private string? Read(AdminRequest request, out CachePurge purge)
    {
        var (host, path, tag) = (default(byte[]), default(byte[]), default(ulong?));
        purge = new CachePurge(0);
        if (request["host"] is { } name)
        {
            if (!HostName.TrySplit(Encoding.UTF8.GetBytes(name), out var read) || read.Length < name.TrimEnd('.').Length)
            {
                return $"'host' expects a host without a port such as api.example.com, not {ScalarNode.Quote(name)}";
            }

            host = Encoding.ASCII.GetBytes(Encoding.ASCII.GetString(read).ToLowerInvariant());
        }

        if ((request["path"] ?? request["prefix"]) is { } place)
        {
            var text = Encoding.UTF8.GetBytes(place);
            path = new byte[CanonicalPath.MostLength(text)];
            if (!CanonicalPath.TryWrite(text, path, out var length))
            {
                return $"'{(request["path"] is null ? "prefix" : "path")}' expects a path such as /trips/7, percent-encoded and without a query, not {ScalarNode.Quote(place)}";
            }

            path = path[..length];
        }

        var cache = present().Cache;
        if (request["tag"] is { } word)
        {
            var text = Encoding.UTF8.GetBytes(word);
            if (!CacheTags.IsTag(text))
            {
                return $"'tag' expects one tag, without spaces and commas, not {ScalarNode.Quote(word)}";
            }

            tag = cache?.HashOf(text) ?? 0;
        }

        purge = new CachePurge(time.GetTimestamp()) { Host = host, Path = path, IsPrefix = request["prefix"] is not null, Tag = tag };
        return null;
    }
}
