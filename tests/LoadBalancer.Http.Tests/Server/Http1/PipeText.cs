using System.Buffers;
using System.IO.Pipelines;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server.Http1;

namespace LoadBalancer.Http.Tests.Server.Http1;

/// <summary>Pipes in memory that are written and read as texts, in Latin-1.</summary>
internal static class PipeText
{
    /// <summary>A pipe without bounds, whose continuations run at once.</summary>
    public static Pipe Open() => new(new PipeOptions(
        readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline, pauseWriterThreshold: 0, resumeWriterThreshold: 0, useSynchronizationContext: false));

    /// <summary>The result of what has to be done already.</summary>
    public static T Now<T>(this ValueTask<T> done) => done.IsCompletedSuccessfully ? done.Result : throw new InvalidOperationException("it is not done");

    /// <summary>Sends a text.</summary>
    public static void Send(this Pipe pipe, string text)
    {
        pipe.Writer.Write(Heads.Bytes(text).ToArray());
        pipe.Writer.FlushAsync().Now();
    }

    /// <summary>What has been written and flushed or not.</summary>
    public static string Taken(this Pipe pipe)
    {
        pipe.Writer.FlushAsync().Now();
        return pipe.Left();
    }

    /// <summary>What was sent and nobody has read.</summary>
    public static string Left(this Pipe pipe)
    {
        if (!pipe.Reader.TryRead(out var result))
        {
            return "";
        }

        var text = Heads.Text(result.Buffer.ToArray());
        pipe.Reader.AdvanceTo(result.Buffer.End);
        return text;
    }

    /// <summary>Reads what is there of a body; ends at its end, at a fault, or where nothing is there.</summary>
    public static (string Data, bool IsAtEnd, FaultKind Fault) ReadAll(this Http1BodyReader body)
    {
        var text = "";
        while (body.TryRead(out var part))
        {
            text += Heads.Text(part.Data.ToArray());
            if (part.Fault != FaultKind.None)
            {
                return (text, false, part.Fault);
            }

            body.Advance();
            if (part.IsLast)
            {
                break;
            }
        }

        return (text, body.IsAtEnd, FaultKind.None);
    }
}
