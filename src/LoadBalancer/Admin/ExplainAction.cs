using System.Text.Json;
using LoadBalancer.Daemon.Explaining;
using LoadBalancer.Daemon.Reloading;
using LoadBalancer.Http.Explaining;
using LoadBalancer.Http.Server;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Daemon.Admin;

/// <summary>
/// POST /explain: what would be done with a request at this moment, with the health, limits and breakers of what runs. The body is a <see cref="Question"/>. Whoever may
/// ask may try credentials without a limit, which is why not everybody may.
/// </summary>
/// <param name="loops">Where it is done.</param>
/// <param name="present">What runs.</param>
internal sealed class ExplainAction(LoopGroup loops, Func<Snapshot> present) : IAdminAction
{
    /// <inheritdoc/>
    public string Path => "/explain";

    /// <inheritdoc/>
    public IReadOnlyList<string> Parameters { get; } = [];

    /// <inheritdoc/>
    public bool IsChange => false;

    /// <inheritdoc/>
    public int MostBody => Question.MostBytes;

    /// <inheritdoc/>
    public async Task<AdminAnswer> RunAsync(AdminRequest request)
    {
        try
        {
            var question = ExplainJson.Read<Question>(request.Body.Span);
            if (question.Identity is not null)
            {
                return AdminAnswer.Problem(400, "'identity' is for the file alone: here who calls is found out");
            }

            return AdminAnswer.Json(200, ExplainJson.Format(await ExplainAsync(question)));
        }
        catch (JsonException error)
        {
            // What is wrong is told, and nothing of the text: it may hold a token.
            return AdminAnswer.Problem(400, FormattableString.Invariant($"the body is no question: line {error.LineNumber + 1}, byte {error.BytePositionInLine}, at {(error.Path is { Length: > 0 } at ? at : "$")}"));
        }
        catch (QuestionException error)
        {
            return AdminAnswer.Problem(400, error.Message);
        }
    }

    private async Task<Explanation> ExplainAsync(Question question)
    {
        var snapshot = present();
        List<string> assumed = [];
        var listeners = snapshot.Options.Listeners;
        var name = ListenerChoice.Find(question, listeners, assumed);
        var listener = snapshot.Listeners[name];
        var url = Question.ReadUrl(question.Url);
        var asked = question.ToRequest(listener.Addresses.FirstOrDefault(address => address is System.Net.IPEndPoint ip && ip.Port == url.Port) ?? ListenerChoice.LocalOf(listeners[name], url));
        var explanation = await new Explainer(loops.Next()).ExplainAsync((HttpProxy)listener.Handler!, asked, new Rehearsal(), snapshot.Options.Redaction);
        return explanation with { Assumed = [.. assumed, .. Assumptions.Of(question)] };
    }
}
