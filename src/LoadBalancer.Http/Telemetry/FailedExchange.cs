using System.Net;
using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Explaining;
using LoadBalancer.Http.Policies;
using LoadBalancer.Http.Server;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Http.Telemetry;

/// <summary>
/// What is remembered of an exchange that failed. Of what the client sent: method, host and id, each bounded; never the path, the query, or the value of a
/// header field. Used again for another one; touched only on its loop.
/// </summary>
internal sealed class FailedExchange
{
    private readonly byte[] _id = new byte[ClientText.MostRequestId];
    private readonly byte[] _method = new byte[ClientText.MostMethod];
    private readonly byte[] _host = new byte[ClientText.MostHost];
    private readonly DecisionTrace _decisions = new();
    private readonly FailedAttempt[] _attempts = new FailedAttempt[Exchange.MostFailures];
    private TimeProvider _time = TimeProvider.System;
    private int _failures;
    private (int Id, int Method, int Host) _lengths;
    private DateTimeOffset _ended;
    private string _listener = "";
    private string? _route;
    private string? _path;
    private string? _upstream;
    private string? _endpoint;
    private string? _retriedFor;
    private IPAddress? _client;
    private Fault _fault;
    private int _status;
    private int _tries;
    private ExchangeTimes _times;

    /// <summary>True where this is the exchange of that id.</summary>
    public bool Is(ReadOnlySpan<byte> id) => id.SequenceEqual(_id.AsSpan(0, _lengths.Id));

    /// <summary>Becomes what is remembered of <paramref name="exchange"/>.</summary>
    public void Keep(string listener, Exchange exchange, in ExchangeTimes times, TimeProvider time)
    {
        _lengths = (Copy(exchange.RequestId, _id), Copy(exchange.Request.MethodText, _method), Copy(exchange.Request.Host, _host));
        (_ended, _times, _listener) = (time.GetUtcNow(), times, listener);
        (_route, _path) = (exchange.Route?.Name, exchange.Route?.Template);
        (_upstream, _endpoint, _client) = (exchange.Upstream?.Name, exchange.Endpoint?.Label, exchange.ClientAddress);
        (_fault, _status, _tries, _retriedFor) = (exchange.Fault, ExchangeStatus.Of(exchange), exchange.Attempts, exchange.RetriedFor.Word);
        _decisions.CopyFrom(exchange.Decisions);
        exchange.FailedAttempts.CopyTo(_attempts);
        (_failures, _time) = (exchange.FailedAttempts.Length, time);
    }

    /// <summary>The same as texts, to be kept.</summary>
    public FailedRequest Describe() => new()
    {
        Id = Text(_id, _lengths.Id),
        Time = _ended,
        Listener = _listener,
        Route = _route,
        Path = _path,
        Method = Text(_method, _lengths.Method),
        Host = Text(_host, _lengths.Host),
        Client = _client?.ToString(),
        Status = _status,
        Code = _fault.Failed ? _fault.Reason : null,
        Side = _fault.Failed ? _fault.SideName : null,
        Upstream = _upstream,
        Endpoint = _endpoint,
        Tries = _tries,
        RetriedFor = _retriedFor,
        Attempts = Array.ConvertAll(_attempts[.._failures], Describe),
        Policies = PolicyTrace.Of(_decisions, Redaction.None),
        QueueMs = _times.Queue?.TotalMilliseconds,
        ConnectMs = _times.Connect?.TotalMilliseconds,
        FirstByteMs = _times.FirstByte?.TotalMilliseconds,
        TotalMs = _times.Total.TotalMilliseconds,
    };

    private AttemptExplanation Describe(FailedAttempt failed) => new(
        failed.Endpoint, failed.Fault.Failed ? failed.Fault.Reason : null, failed.Status == 0 ? null : failed.Status,
        Milliseconds(failed.Leased, failed.Connected), Milliseconds(failed.Connected, failed.FirstByte), Milliseconds(failed.Leased, failed.Ended));

    private double? Milliseconds(long from, long to) => from == 0 || to == 0 ? null : _time.GetElapsedTime(from, to).TotalMilliseconds;

    private static int Copy(ReadOnlySpan<byte> text, byte[] room)
    {
        text = text[..Math.Min(text.Length, room.Length)];
        text.CopyTo(room);
        return text.Length;
    }

    private static string Text(byte[] bytes, int length) => Encoding.UTF8.GetString(bytes, 0, length);
}
