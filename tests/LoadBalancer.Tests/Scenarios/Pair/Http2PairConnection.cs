using System.Net.Sockets;
using System.Text;
using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Http.Server.Http2;

namespace LoadBalancer.Daemon.Tests.Scenarios.Pair;

/// <summary>A connection of HTTP/2 by prior knowledge, with some requests at once. What GOAWAY or REFUSED_STREAM leaves out is left to another connection, as clients do it.</summary>
internal sealed class Http2PairConnection(Socket socket) : IPairConnection
{
    private readonly Dictionary<int, PairCall> _streams = [];
    private readonly Dictionary<int, (string Status, StringBuilder Body)> _answers = [];
    private Http2Wire? _wire;
    private string? _goodbye;

    /// <inheritdoc/>
    public string? Instance { get; private set; }

    /// <inheritdoc/>
    public string? Make(List<PairCall> calls)
    {
        _wire ??= new Http2Wire(socket);
        while (_wire.Read(waitMs: 0) is { } frame)
        {
            Take(_wire, frame);
        }

        if (_goodbye is not null)
        {
            return _goodbye;
        }

        foreach (var call in calls)
        {
            call.Send();
            Ask(_wire, call);
        }

        while (_streams.Count > 0)
        {
            Take(_wire, _wire.Read() ?? throw new EndOfStreamException($"the connection ended before {_streams.Count} streams"));
        }

        return _goodbye;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _wire?.Dispose();
        socket.Dispose();
    }

    private void Ask(Http2Wire wire, PairCall call)
    {
        var isGet = call.What == "GET";
        var stream = isGet ? wire.Get("/g") : wire.Open(Http2Wire.Request(call.What, "/p", ("content-length", "5")), ends: false);
        _streams[stream] = call;
        if (!isGet)
        {
            wire.Data(stream, "hello", ends: true);
        }
    }

    private void Take(Http2Wire wire, Http2Frame frame)
    {
        switch (frame.Kind)
        {
            case FrameKind.GoAway:
                _goodbye = frame.Error == Http2Error.NoError ? "GOAWAY" : $"GOAWAY with {frame.Error}";
                foreach (var stream in _streams.Keys.Where(stream => stream > frame.Number).ToArray())
                {
                    End(stream).LeaveOut();
                }

                break;
            case FrameKind.ResetStream when _streams.ContainsKey(frame.StreamId):
                if (frame.Error == Http2Error.RefusedStream)
                {
                    End(frame.StreamId).LeaveOut();
                }
                else
                {
                    End(frame.StreamId).Lose($"reset with {frame.Error}");
                }

                break;
            case FrameKind.Headers:
                var fields = wire.Fields(frame);
                _answers[frame.StreamId] = (fields[0][":status: ".Length..], new StringBuilder());
                Instance = fields.FirstOrDefault(field => field.StartsWith("x-instance: ", StringComparison.Ordinal))?["x-instance: ".Length..];
                break;
            case FrameKind.Data when _answers.TryGetValue(frame.StreamId, out var answer):
                answer.Body.Append(Encoding.Latin1.GetString(frame.Payload));
                break;
            default:
                return;
        }

        if (frame.EndsStream && _streams.ContainsKey(frame.StreamId))
        {
            var (status, body) = _answers[frame.StreamId];
            var call = End(frame.StreamId);
            if (status == "200")
            {
                call.Serve();
            }
            else
            {
                call.Lose($"{status} {body.ToString().Trim()}");
            }
        }
    }

    private PairCall End(int stream)
    {
        _answers.Remove(stream);
        _streams.Remove(stream, out var call);
        return call!;
    }
}
