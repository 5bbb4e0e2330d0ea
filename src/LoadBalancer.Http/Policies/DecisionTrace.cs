using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Policies;

/// <summary>
/// What the policies of a route decided about a request, in the order in which they were asked, and the facts that they used. It holds
/// references and numbers and formats nothing, so that every request may have one: it is read only where somebody asks. Belongs to its
/// exchange and is used again; touched only on its loop. Policies put no secret into it.
/// </summary>
internal sealed class DecisionTrace
{
    private const int MostFacts = 256;
    private const int MostBytes = 4096;
    private const int LongestFact = 256;

    private Decision[] _decisions = new Decision[8];
    private Fact[] _facts = new Fact[16];
    private byte[] _bytes = [];
    private int _count;
    private int _factCount;
    private int _firstFact;
    private int _used;
    private string _policy = "";

    /// <summary>The decisions, the first one first.</summary>
    public ReadOnlySpan<Decision> Decisions => _decisions.AsSpan(0, _count);

    /// <summary>The bytes that facts refer to.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _used);

    /// <summary>The facts of a decision.</summary>
    public ReadOnlySpan<Fact> FactsOf(in Decision decision) => _facts.AsSpan(decision.FirstFact, decision.Facts);

    /// <summary>A policy is asked: what is noted from here on is its.</summary>
    public void Begin(string policy) => (_policy, _firstFact) = (policy, _factCount);

    /// <summary>It has decided.</summary>
    public void End(in PolicyOutcome outcome)
    {
        if (_count == _decisions.Length)
        {
            Array.Resize(ref _decisions, _count * 2);
        }

        _decisions[_count++] = new Decision(_policy, outcome, _firstFact, _factCount - _firstFact);
        _firstFact = _factCount;
    }

    /// <summary>Notes a text that outlives the request; nothing where it is null.</summary>
    public void Note(string name, string? text)
    {
        if (text is not null)
        {
            Add(new Fact(name, text, 0, default));
        }
    }

    /// <summary>Notes a number.</summary>
    public void Note(string name, long number) => Add(new Fact(name, null, number, default));

    /// <summary>Notes bytes of the request, which are copied: 256 of them at most.</summary>
    public void Note(string name, ReadOnlySpan<byte> bytes)
    {
        bytes = bytes[..Math.Min(bytes.Length, Math.Min(LongestFact, MostBytes - _used))];
        if (bytes.IsEmpty)
        {
            return;
        }

        if (_bytes.Length < _used + bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(LongestFact * 2, (_used + bytes.Length) * 2));
        }

        bytes.CopyTo(_bytes.AsSpan(_used));
        Add(new Fact(name, null, 0, new Slice(_used, bytes.Length)));
        _used += bytes.Length;
    }

    /// <summary>Forgets everything.</summary>
    public void Reset()
    {
        Array.Clear(_decisions, 0, _count);
        Array.Clear(_facts, 0, _factCount);
        _count = _factCount = _firstFact = _used = 0;
    }

    private void Add(in Fact fact)
    {
        if (_factCount == MostFacts)
        {
            return;
        }

        if (_factCount == _facts.Length)
        {
            Array.Resize(ref _facts, _factCount * 2);
        }

        _facts[_factCount++] = fact;
    }
}
