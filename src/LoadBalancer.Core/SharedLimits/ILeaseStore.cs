namespace LoadBalancer.SharedLimits;

/// <summary>Where the counts of one limit are kept for all instances, as its leases see it. Thread-safe.</summary>
internal interface ILeaseStore
{
    /// <summary>Takes, leases and gives back, all in one step.</summary>
    /// <returns>Completes on any thread, in bounded time, and never fails: a store that does not answer is an answer.</returns>
    ValueTask<LeaseReply> AskAsync(in LeaseRequest request);
}
