using System.Buffers;
using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Server.Http1;

namespace LoadBalancer.Http.Tests.Server.Http1;

/// <summary>Reads heads from texts, in Latin-1: a character is a byte.</summary>
internal static class Heads
{
    /// <summary>A request's head, which has to be whole.</summary>
    public static RequestHead Request(string text, HeadLimits? limits = null)
    {
        var head = new RequestHead();
        var scan = default(HeadScan);
        var status = HeadParser.TryReadRequest(Bytes(text), head, limits ?? HeadLimits.Default, ref scan, out _, out var fault);
        Assert.That((status, fault), Is.EqualTo((HeadStatus.Complete, FaultKind.None)), text);
        return head;
    }

    /// <summary>Why a request is refused; <see cref="FaultKind.None"/> where it is not.</summary>
    public static FaultKind RequestFault(string text, HeadLimits? limits = null)
    {
        var scan = default(HeadScan);
        var status = HeadParser.TryReadRequest(Bytes(text), new RequestHead(), limits ?? HeadLimits.Default, ref scan, out _, out var fault);
        Assert.That(status, Is.EqualTo(fault == FaultKind.None ? HeadStatus.Complete : HeadStatus.Failed), text);
        return fault;
    }

    /// <summary>A response's head, which has to be whole.</summary>
    public static ResponseHead Response(string text, RequestMethod method = RequestMethod.Get)
    {
        var head = new ResponseHead();
        var scan = default(HeadScan);
        var status = HeadParser.TryReadResponse(Bytes(text), head, method, HeadLimits.Default, ref scan, out _, out var fault);
        Assert.That((status, fault), Is.EqualTo((HeadStatus.Complete, FaultKind.None)), text);
        return head;
    }

    /// <summary>Why a response is refused; <see cref="FaultKind.None"/> where it is not.</summary>
    public static FaultKind ResponseFault(string text, RequestMethod method = RequestMethod.Get, HeadLimits? limits = null)
    {
        var scan = default(HeadScan);
        var status = HeadParser.TryReadResponse(
            Bytes(text), new ResponseHead(), method, limits ?? HeadLimits.Default, ref scan, out _, out var fault);
        Assert.That(status, Is.EqualTo(fault == FaultKind.None ? HeadStatus.Complete : HeadStatus.Failed), text);
        return fault;
    }

    /// <summary>The bytes of a text.</summary>
    public static ReadOnlySequence<byte> Bytes(string text) => new(Encoding.Latin1.GetBytes(text));

    /// <summary>The text of bytes.</summary>
    public static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);
}
