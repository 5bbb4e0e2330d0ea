using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using BenchmarkDotNet.Attributes;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Server.Http1;

namespace LoadBalancer.Bench.Http;

/// <summary>One head of HTTP/1.1, read or written: of a load generator, and as a browser sends it.</summary>
[MemoryDiagnoser]
public class HeadBenchmarks
{
    private readonly ReadOnlySequence<byte> _small = Bytes("GET /index.html HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: load\r\n\r\n");

    private readonly ReadOnlySequence<byte> _browser = Bytes(
        "GET /live-reading/trips/42?from=berlin&to=hamburg HTTP/1.1\r\nHost: www.example.com\r\n"
        + "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
        + "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
        + "Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nConnection: keep-alive\r\n"
        + "Referer: https://www.example.com/live-reading/trips\r\nCookie: session=0f3b2c9d8e7a6b5c4d3e2f1a0b9c8d7e; theme=dark; lang=en\r\n"
        + "Upgrade-Insecure-Requests: 1\r\nSec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Site: same-origin\r\n"
        + "If-None-Match: \"5e1f-62a3b\"\r\nPriority: u=0, i\r\n\r\n");

    private readonly ReadOnlySequence<byte> _response = Bytes(
        "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sun, 22 Nov 2026 05:00:00 GMT\r\nContent-Type: text/html; charset=utf-8\r\n"
        + "Content-Length: 1024\r\nLast-Modified: Sat, 21 Nov 2026 05:00:00 GMT\r\nConnection: keep-alive\r\nETag: \"5e1f-62a3b\"\r\nAccept-Ranges: bytes\r\n\r\n");

    private readonly RequestHead _request = new();
    private readonly RequestHead _parsed = new();
    private readonly ResponseHead _answer = new();
    private readonly ResponseHead _parsedAnswer = new();
    private readonly Pipe _pipe = new(new PipeOptions(pauseWriterThreshold: 0, minimumSegmentSize: 16 * 1024));

    [GlobalSetup]
    public void Setup()
    {
        Read(_browser, _parsed);
        var scan = default(HeadScan);
        HeadParser.TryReadResponse(_response, _parsedAnswer, RequestMethod.Get, HeadLimits.Default, ref scan, out _, out _);
    }

    [Benchmark]
    public object ReadSmallRequest() => Read(_small, _request);

    [Benchmark]
    public object ReadBrowserRequest() => Read(_browser, _request);

    [Benchmark]
    public object ReadResponse()
    {
        var scan = default(HeadScan);
        return HeadParser.TryReadResponse(_response, _answer, RequestMethod.Get, HeadLimits.Default, ref scan, out _, out _) == HeadStatus.Complete
            ? _answer
            : throw new InvalidOperationException();
    }

    [Benchmark]
    public void WriteBrowserRequest()
    {
        HeadWriter.WriteRequest(
            _pipe.Writer, _parsed, "/live-reading/trips/42"u8, "from=berlin&to=hamburg"u8, true, BodyFraming.None, 0, ConnectionOption.None);
        Drain();
    }

    [Benchmark]
    public void WriteResponse()
    {
        HeadWriter.WriteResponse(_pipe.Writer, _parsedAnswer, RequestMethod.Get, BodyFraming.Length, 1024, ConnectionOption.None);
        Drain();
    }

    /// <summary>What the pipe itself costs in the two above.</summary>
    [Benchmark]
    public void PipeAlone()
    {
        _pipe.Writer.GetSpan(512);
        _pipe.Writer.Advance(512);
        Drain();
    }

    private static RequestHead Read(in ReadOnlySequence<byte> buffer, RequestHead head)
    {
        var scan = default(HeadScan);
        return HeadParser.TryReadRequest(buffer, head, HeadLimits.Default, ref scan, out _, out _) == HeadStatus.Complete
            ? head
            : throw new InvalidOperationException();
    }

    private static ReadOnlySequence<byte> Bytes(string text) => new(Encoding.ASCII.GetBytes(text));

    private void Drain()
    {
        var flush = _pipe.Writer.FlushAsync();
        if (!flush.IsCompletedSuccessfully)
        {
            throw new InvalidOperationException("the pipe has no bounds");
        }

        _pipe.Reader.TryRead(out var result);
        _pipe.Reader.AdvanceTo(result.Buffer.End);
    }
}
