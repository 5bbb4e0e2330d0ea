using System.Globalization;
using System.Net;
using LoadBalancer.Http.Server.Http2;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>
/// An endpoint that reads each request whole and answers as it is told, over either protocol: for tests that are about both. Its connections of HTTP/1.1
/// are for one request: the reset of one that was idle before would mean less.
/// </summary>
internal sealed class AnsweringEndpoint : IDisposable
{
    private readonly IDisposable _endpoint;
    private int _broken;

    /// <summary>An endpoint that speaks <paramref name="protocol"/> and asks <paramref name="answer"/>, on a thread of its own; the request's first line is <c>METHOD /path</c>.</summary>
    public AnsweringEndpoint(Carrier protocol, Func<HttpMessage, Answer> answer)
    {
        if (protocol == Carrier.Http1)
        {
            var endpoint = new HttpEndpoint((wire, request) => Act(wire, answer(request with { FirstLine = string.Join(' ', request.FirstLine.Split(' ')[..2]) })));
            (_endpoint, Address) = (endpoint, endpoint.Address);
        }
        else
        {
            var endpoint = new Http2Endpoint(wire => Serve(wire, answer));
            (_endpoint, Address) = (endpoint, endpoint.Address);
        }
    }

    /// <summary>Where it listens.</summary>
    public EndPoint Address { get; }

    /// <summary>Requests that were broken off by the other side while it was silent: by RST_STREAM with CANCEL, or by the end of the connection.</summary>
    public int BrokenOff => Volatile.Read(ref _broken);

    public void Dispose() => _endpoint.Dispose();

    private void Act(HttpWire wire, Answer answer)
    {
        switch (answer.Kind)
        {
            case AnswerKind.Response:
                wire.Respond(answer.Body, fields: "Connection: close\r\n", status: $"{answer.Status} Scripted");
                return;
            case AnswerKind.CutBody:
                wire.Send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx");
                break;
            case AnswerKind.InterimAndReset:
                wire.Send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
                break;
            case AnswerKind.Silence:
                if (wire.IsCutOff())
                {
                    Interlocked.Increment(ref _broken);
                }

                throw new OperationCanceledException();
        }

        // What was sent before is read before a reset; unread it would be lost with it.
        if (answer.Kind == AnswerKind.Reset)
        {
            wire.Socket.Abort();
        }

        throw new OperationCanceledException();
    }

    private void Serve(Http2Wire wire, Func<HttpMessage, Answer> answer)
    {
        var bodies = new Dictionary<int, (string FirstLine, IReadOnlyList<string> Fields, MemoryStream Body)>();
        var silent = new HashSet<int>();
        while (wire.Read() is { } frame)
        {
            switch (frame.Kind)
            {
                case FrameKind.Headers:
                    var fields = wire.Fields(frame);
                    bodies[frame.StreamId] = ($"{Of(":method: ")} {Of(":path: ")}", fields, new MemoryStream());
                    break;
                    string Of(string name) => fields.First(field => field.StartsWith(name, StringComparison.Ordinal))[name.Length..];
                case FrameKind.Data:
                    bodies[frame.StreamId].Body.Write(frame.Payload);
                    break;
                case FrameKind.ResetStream:
                    bodies.Remove(frame.StreamId);
                    if (silent.Remove(frame.StreamId) && frame.Error == Http2Error.Cancel)
                    {
                        Interlocked.Increment(ref _broken);
                    }

                    continue;
                case FrameKind.GoAway:
                    return;
                default:
                    continue;
            }

            if (frame.EndsStream && bodies.Remove(frame.StreamId, out var whole))
            {
                var said = answer(new HttpMessage(whole.FirstLine, whole.Fields, whole.Body.ToArray(), []));
                if (said.Kind == AnswerKind.Silence)
                {
                    silent.Add(frame.StreamId);
                }
                else
                {
                    Act(wire, frame.StreamId, said);
                }
            }
        }
    }

    private static void Act(Http2Wire wire, int stream, Answer answer)
    {
        switch (answer.Kind)
        {
            case AnswerKind.Response:
                wire.Headers(stream, ends: false, (":status", answer.Status.ToString(CultureInfo.InvariantCulture)), ("content-length", answer.Body.Length.ToString(CultureInfo.InvariantCulture)));
                wire.Data(stream, answer.Body, ends: true);
                return;
            case AnswerKind.CutBody:
                wire.Headers(stream, ends: false, (":status", "200"), ("content-length", "2"));
                wire.Data(stream, "x");
                break;
            case AnswerKind.InterimAndReset:
                wire.Headers(stream, ends: false, (":status", "103"), ("link", "</a>"));
                break;
        }

        wire.Send(FrameKind.ResetStream, FrameFlags.None, stream, Http2Wire.Number((int)Http2Error.InternalError));
    }
}
