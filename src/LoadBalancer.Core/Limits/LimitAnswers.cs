using System.Runtime.CompilerServices;

namespace LoadBalancer.Limits;

/// <summary>What several limits that were asked at once say, in their order: of all that were asked, or up to the first that refuses.</summary>
internal struct LimitAnswers
{
    /// <summary>The most that are asked at once.</summary>
    public const int Most = 4;

    private Answers _answers;

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>True where those that allow it are charged, and are to be given back where another refuses; false where nothing is charged any more.</summary>
    public bool AreCharged { get; init; }

    /// <summary>One of them.</summary>
    public readonly LimitAnswer this[int index] => _answers[index];

    /// <summary>Adds one.</summary>
    public void Add(in LimitAnswer answer) => _answers[Count++] = answer;

    [InlineArray(Most)]
    private struct Answers
    {
        private LimitAnswer _first;
    }
}
