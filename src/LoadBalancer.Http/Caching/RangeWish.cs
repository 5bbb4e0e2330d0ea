namespace LoadBalancer.Http.Caching;

/// <summary>How much of a body a request asks for.</summary>
internal enum RangeWish : byte
{
    /// <summary>All of it.</summary>
    Whole,

    /// <summary>A part.</summary>
    Part,

    /// <summary>A part that it does not have.</summary>
    Unsatisfiable,
}
