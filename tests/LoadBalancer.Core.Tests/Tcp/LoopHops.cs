using System.Diagnostics.Tracing;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tests.Tcp;

/// <summary>Counts the work items that loops hand to the thread pool. Those of the test runner itself are not among them.</summary>
internal sealed class LoopHops : EventListener
{
    private const EventKeywords ThreadPoolKeyword = (EventKeywords)2;
    private int _count;

    /// <summary>Work items queued from a loop's thread since this was made.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <inheritdoc/>
    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == "System.Diagnostics.Eventing.FrameworkEventSource")
        {
            EnableEvents(eventSource, EventLevel.Verbose, ThreadPoolKeyword);
        }
    }

    /// <inheritdoc/>
    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        // Called on the thread that queues.
        if (EventLoop.Current is not null && eventData.EventName?.StartsWith("ThreadPoolEnqueueWork", StringComparison.Ordinal) == true)
        {
            Interlocked.Increment(ref _count);
        }
    }
}
