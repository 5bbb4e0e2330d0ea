using System.Globalization;
using System.Text.Json;

namespace LoadBalancer.Daemon.Simulating;

/// <summary>A request as a line of the access log has it.</summary>
internal sealed record LoggedRequest
{
    private const double LongestMs = 1e12;

    /// <summary>When it began.</summary>
    public DateTimeOffset Began => Ended - Took;

    /// <summary>When it ended, which is when its line was written.</summary>
    public required DateTimeOffset Ended { get; init; }

    /// <summary>How long it took.</summary>
    public TimeSpan Took { get; init; }

    /// <summary>The listener's name.</summary>
    public required string Listener { get; init; }

    /// <summary>The route's name; null where none took it.</summary>
    public string? Route { get; init; }

    /// <summary>The client's address; null for a Unix socket.</summary>
    public string? Client { get; init; }

    /// <summary>Who called; null for nobody known.</summary>
    public string? Subject { get; init; }

    /// <summary>Who found that out.</summary>
    public string? Provider { get; init; }

    /// <summary>The caller's plan; null for none.</summary>
    public string? Plan { get; init; }

    /// <summary>True where the line tells of a plan, or that there was none: those of earlier versions do not.</summary>
    public bool TellsPlan { get; init; }

    /// <summary>The method; null where the request was none.</summary>
    public string? Method { get; init; }

    /// <summary>The host.</summary>
    public string? Host { get; init; }

    /// <summary>The path of its route; null where none took it.</summary>
    public string? Template { get; init; }

    /// <summary>The path as it was sent; null where the log does not have it.</summary>
    public string? RawPath { get; init; }

    /// <summary>The query as it was sent; null where the log does not have it, or there was none.</summary>
    public string? Query { get; init; }

    /// <summary>True where it was refused for its credential, or for what its caller may not.</summary>
    public bool WasRefusedByAuth { get; init; }

    /// <summary>Reads a line; null where it is the line of something else, of a connection for one.</summary>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static LoggedRequest? Read(ReadOnlySpan<byte> line)
    {
        var reader = new Utf8JsonReader(line);
        string? time = null, listener = null, route = null, client = null, subject = null, provider = null, plan = null, method = null, host = null, template = null, raw = null, query = null, result = null;
        var (status, took) = (0, TimeSpan.Zero);
        bool tellsPlan = false, isRequest = false;
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("it is no object");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            // The names are ours, and need no escapes.
            var key = reader.ValueSpan;
            if (key.SequenceEqual("time"u8))
            {
                time = Text(ref reader);
            }
            else if (key.SequenceEqual("listener"u8))
            {
                listener = Text(ref reader);
            }
            else if (key.SequenceEqual("route"u8))
            {
                route = Text(ref reader);
            }
            else if (key.SequenceEqual("client"u8))
            {
                client = Text(ref reader);
            }
            else if (key.SequenceEqual("identity"u8))
            {
                subject = Text(ref reader);
            }
            else if (key.SequenceEqual("auth"u8))
            {
                provider = Text(ref reader);
            }
            else if (key.SequenceEqual("plan"u8))
            {
                (plan, tellsPlan) = (Text(ref reader), true);
            }
            else if (key.SequenceEqual("method"u8))
            {
                (method, isRequest) = (Text(ref reader), true);
            }
            else if (key.SequenceEqual("host"u8))
            {
                host = Text(ref reader);
            }
            else if (key.SequenceEqual("path"u8))
            {
                template = Text(ref reader);
            }
            else if (key.SequenceEqual("raw_path"u8))
            {
                raw = Text(ref reader);
            }
            else if (key.SequenceEqual("query"u8))
            {
                query = Text(ref reader);
            }
            else if (key.SequenceEqual("result"u8))
            {
                result = Text(ref reader);
            }
            else if (key.SequenceEqual("status"u8))
            {
                status = (int)Number(ref reader);
            }
            else if (key.SequenceEqual("total_ms"u8))
            {
                took = TimeSpan.FromMilliseconds(Math.Clamp(Number(ref reader), 0, LongestMs));
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        // A time before there were any is a mistake, and leaves no room for what began before it.
        return isRequest && listener is not null && DateTimeOffset.TryParse(time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var ended) && ended >= DateTimeOffset.UnixEpoch
            ? new LoggedRequest
            {
                Ended = ended,
                Took = took,
                Listener = listener,
                Route = route,
                Client = client,
                Subject = subject,
                Provider = provider,
                Plan = plan,
                TellsPlan = tellsPlan,
                Method = method,
                Host = host,
                Template = template,
                RawPath = raw,
                Query = query,

                // An endpoint's own 401 has the result ok.
                WasRefusedByAuth = status is 401 or 403 && result is not null and not "ok",
            }
            : null;
    }

    private static string? Text(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.String)
        {
            return reader.GetString();
        }

        reader.Skip();
        return null;
    }

    private static double Number(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Number)
        {
            return reader.GetDouble();
        }

        reader.Skip();
        return 0;
    }
}
