namespace LoadBalancer.Discovery.Dns;

/// <summary>A name server gave no answer that can be used; the message says which and why.</summary>
internal sealed class NameServerException : IOException
{
    /// <summary>A failure without a reason.</summary>
    public NameServerException()
    {
    }

    /// <summary>A failure for a reason.</summary>
    public NameServerException(string message)
        : base(message)
    {
    }

    /// <summary>A failure for a reason, which has a cause.</summary>
    public NameServerException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
