using System.Collections.Immutable;

namespace LoadBalancer.Balancing;

/// <summary>
/// Draws two different members, each with a chance in proportion to its weight: what <see cref="RandomTwo"/> and
/// <see cref="PeakEwma"/> choose from.
/// </summary>
/// <remarks>
/// The power of two choices (Mitzenmacher, IEEE TPDS 2001): the better of two random members is nearly as good as the best
/// of all, at the price of two reads however many there are. And it does not herd: with loads that are a moment old, all
/// who look for the best of all find the same one, while a member that two draws did not name is safe from everybody.
/// <para>
/// Chance is SplitMix64 (Steele, Lea, Flood, OOPSLA 2014) over the tickets of the upstream's <see cref="PickCursor"/>:
/// one interlocked increment a pick, any thread, the seed from the build context.
/// </para>
/// </remarks>
internal sealed class TwoChoices
{
    private const ulong Golden = 0x9E3779B97F4A7C15;
    private const int Draws = 8;

    private readonly int[] _places;
    private readonly PickCursor _cursor;

    /// <summary>The members of <paramref name="tier"/>, each as often as its weight says.</summary>
    public TwoChoices(Tier tier)
    {
        Members = tier.Members;
        _places = SmoothSequence.Of(tier.Members);
        _cursor = tier.Cursor;
    }

    /// <summary>Whom it draws from.</summary>
    public ImmutableArray<Member> Members { get; }

    /// <summary>Draws places in <see cref="Members"/>.</summary>
    /// <param name="context">Whom it refuses is never drawn.</param>
    /// <param name="one">The first; -1 where nobody is left.</param>
    /// <param name="other">Another one; -1 where only one is left.</param>
    public void Draw(in PickContext context, out int one, out int other)
    {
        (one, other) = (-1, -1);
        var random = _cursor.Next() * Golden;
        for (var draw = 0; draw < Draws && Members.Length > 1; draw++)
        {
            random += Golden;
            if (Took(context, _places[(int)Math.BigMul(HashKey.Mix(random), (ulong)_places.Length, out _)], ref one, ref other))
            {
                return;
            }
        }

        // Chance may go on meeting a heavy member, or those that were tried; the members are few and end.
        var start = (int)(HashKey.Mix(random) % (uint)Members.Length);
        for (var step = 0; step < Members.Length; step++)
        {
            if (Took(context, (start + step) % Members.Length, ref one, ref other))
            {
                return;
            }
        }
    }

    /// <summary>Takes the member at <paramref name="place"/> where it may be taken; true where both are there.</summary>
    private bool Took(in PickContext context, int place, ref int one, ref int other)
    {
        if (place == one || context.Refuses(Members[place].Endpoint))
        {
            return false;
        }

        if (one < 0)
        {
            one = place;
            return false;
        }

        other = place;
        return true;
    }
}
