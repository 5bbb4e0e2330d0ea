namespace LoadBalancer.Http.Authentication;

/// <summary>Whether a provider can find out who calls, as the log was last told: again only where something has changed. Thread-safe.</summary>
/// <param name="provider">Its name in the file.</param>
/// <param name="context">Whom to tell.</param>
internal sealed class ProviderCondition(string provider, BuildContext context)
{
    private string? _failure;

    /// <summary>It cannot, because of <paramref name="failure"/>: a sentence without a capital and without a secret.</summary>
    public void Fail(string failure)
    {
        if (Interlocked.Exchange(ref _failure, failure) != failure)
        {
            context.Tell(new ProviderReport(provider, failure));
        }
    }

    /// <summary>It can.</summary>
    public void Succeed()
    {
        if (Volatile.Read(ref _failure) is not null && Interlocked.Exchange(ref _failure, null) is not null)
        {
            context.Tell(new ProviderReport(provider, null));
        }
    }
}
