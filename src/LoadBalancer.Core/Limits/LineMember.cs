namespace LoadBalancer.Limits;

/// <summary>One who waits in a <see cref="WaitingLine"/>. Its links are the line's.</summary>
/// <param name="importance">Who is served first, and who has to go.</param>
internal abstract class LineMember(Importance importance)
{
    /// <summary>Who is served first, and who has to go.</summary>
    public Importance Importance => importance;

    /// <summary>True from its entry into a line until it has left it.</summary>
    public bool IsWaiting { get; internal set; }

    /// <summary>Who came after it, of the same importance.</summary>
    internal LineMember? Newer { get; set; }

    /// <summary>Who came before it, of the same importance.</summary>
    internal LineMember? Older { get; set; }
}
