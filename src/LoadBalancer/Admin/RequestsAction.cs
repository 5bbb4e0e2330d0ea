using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Values;
using LoadBalancer.Daemon.Explaining;
using LoadBalancer.Http.Explaining;
using LoadBalancer.Http.Server;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Daemon.Admin;

/// <summary>GET /requests?last=N: the latest requests that failed, the latest first; GET /requests/ID: one of them. They tell of clients, so not everybody may read them.</summary>
/// <param name="loops">Where they are remembered.</param>
/// <param name="engine">What remembers them.</param>
internal sealed class RequestsAction(LoopGroup loops, HttpEngine engine) : IAdminAction
{
    private const int Usual = 20;

    private static readonly IntegerKind Counts = new(1, HttpEngine.MostFailures);

    /// <inheritdoc/>
    public string Path => "/requests";

    /// <inheritdoc/>
    public IReadOnlyList<string> Parameters { get; } = ["last"];

    /// <inheritdoc/>
    public string Method => "GET";

    /// <inheritdoc/>
    public bool IsChange => false;

    /// <inheritdoc/>
    public bool HasItems => true;

    /// <inheritdoc/>
    public async Task<AdminAnswer> RunAsync(AdminRequest request)
    {
        if (request.Name is { } id)
        {
            var found = await CollectAsync(1, Encoding.UTF8.GetBytes(id));
            return found.Count > 0
                ? AdminAnswer.Json(200, ExplainJson.Format(found[0]))
                : AdminAnswer.Problem(404, $"no request {ScalarNode.Quote(id)} is remembered: it did not fail, or about a thousand have failed since; the access log may have it");
        }

        var count = Usual;
        return request["last"] is { } last && !Counts.TryParse(last, out count)
            ? AdminAnswer.Problem(400, $"'last' expects {Counts.Expected}, not {ScalarNode.Quote(last)}")
            : AdminAnswer.Json(200, ExplainJson.Format<IReadOnlyList<FailedRequest>>([.. (await CollectAsync(count, null)).OrderByDescending(each => each.Time).Take(count)]));
    }

    /// <summary>The latest of every loop, or the one of that id.</summary>
    private async Task<List<FailedRequest>> CollectAsync(int most, byte[]? id)
    {
        List<FailedRequest> found = [];
        foreach (var loop in loops.Loops.ToArray())
        {
            await loop.RunAsync(
                _ => found.AddRange(engine.On(loop).Failures.Latest().Where(kept => id is null || kept.Is(id)).Take(most).Select(kept => kept.Describe())), null);
        }

        return found;
    }
}
