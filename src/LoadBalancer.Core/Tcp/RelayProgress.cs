namespace LoadBalancer.Tcp;

/// <summary>What one go at a <see cref="RelayDirection"/> came to.</summary>
[Flags]
internal enum RelayProgress : byte
{
    /// <summary>Nothing to read, or no room to write.</summary>
    None = 0,

    /// <summary>Bytes were moved.</summary>
    Moved = 1,

    /// <summary>The direction has ended in this go.</summary>
    Ended = 2,

    /// <summary>There may be more, but others come first.</summary>
    BudgetSpent = 4,
}
