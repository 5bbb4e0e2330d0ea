using System.Text;
using LoadBalancer.Limits;

namespace LoadBalancer.Http.Tests.RateLimiting;

/// <summary>A store whose limits never give anything back by themselves, so that what was charged is seen; it answers at once, or later on another thread.</summary>
internal sealed class CountingStore(bool isLate = false) : LimitStore
{
    /// <summary>The limits, in the order in which they were made.</summary>
    public List<Counting> Limits { get; } = [];

    /// <summary>True where it answers later.</summary>
    public bool IsLate => isLate;

    /// <summary>True where it cannot be asked.</summary>
    public bool IsAway { get; set; }

    /// <summary>True where its limits decide without it.</summary>
    public bool IsAlone { get; set; }

    /// <summary>What each caller of each limit was charged, those of nothing left out.</summary>
    public IEnumerable<string> Charged => Limits.SelectMany(limit => limit.Used.Where(entry => entry.Value != 0).Select(entry => $"{limit.Spec.Name} {limit.Spec.Plan} {entry.Key} {entry.Value}"));

    public override KeyedLimit Create(LimitSpec spec, KeyedLimit? alone, TimeProvider time)
    {
        Limits.Add(new Counting(spec, this));
        return Limits[^1];
    }

    /// <summary>How many questions were about several limits, and about how many each.</summary>
    public List<int> Together { get; } = [];

    /// <summary>How many it asks at once at most.</summary>
    public int MostTogether { get; set; } = LimitAnswers.Most;

    public override ValueTask<LimitAnswers> TakeAsync(ReadOnlyMemory<LimitQuestion> asked)
    {
        var some = asked[..Math.Min(asked.Length, MostTogether)].ToArray();
        Together.Add(some.Length);
        var answers = new LimitAnswers { AreCharged = IsAlone };
        foreach (var question in some)
        {
            answers.Add(((Counting)question.Limit).Take(question.Key, question.Cost));
            if (!answers[answers.Count - 1].Allowed)
            {
                // Alone it is not of one piece: whoever asks gives back.
                for (var charged = 0; charged < answers.Count - 1 && !IsAlone; charged++)
                {
                    some[charged].Limit.Return(some[charged].Key, some[charged].Cost);
                }

                return Later(answers);
            }
        }

        return Later(answers with { AreCharged = true });
    }

    private async ValueTask<LimitAnswers> Later(LimitAnswers answers)
    {
        if (IsLate)
        {
            await Task.Yield();
        }

        return answers;
    }

    internal sealed class Counting(LimitSpec spec, CountingStore store) : KeyedLimit(spec)
    {
        private readonly Dictionary<ulong, string> _numbers = [];

        public Dictionary<string, long> Used { get; } = new(StringComparer.Ordinal);

        public override long Keys => Used.Count;

        public int ReturnedAlone { get; private set; }

        public override ValueTask<LimitAnswer> TakeAsync(in LimitKey key, int cost)
        {
            var answer = Take(key, cost);
            return store.IsLate ? Later(answer) : new(answer);
        }

        public LimitAnswer Take(in LimitKey key, int cost)
        {
            var text = Text(key);
            var answer = Answer(text, cost);
            if (answer.Allowed)
            {
                Used[text] = Used.GetValueOrDefault(text) + cost;
                answer = answer with { Remaining = answer.Remaining - cost, IsAlone = store.IsAlone };
            }

            return answer;
        }

        public override LimitAnswer Peek(in LimitKey key, int cost) => Answer(Text(key), cost);

        public override void Return(in LimitKey key, int cost) => Used[Text(key)] -= cost;

        public override void ReturnAlone(in LimitKey key, int cost)
        {
            Return(key, cost);
            ReturnedAlone += cost;
        }

        private static async ValueTask<LimitAnswer> Later(LimitAnswer answer)
        {
            await Task.Yield();
            return answer;
        }

        private LimitAnswer Answer(string text, int cost)
        {
            var left = Spec.Rule.Most - Used.GetValueOrDefault(text);
            return store.IsAway ? new LimitAnswer(false, 0, TimeSpan.Zero, TimeSpan.Zero) { IsUnavailable = true }
                : left >= cost ? new LimitAnswer(true, left, TimeSpan.Zero, TimeSpan.FromSeconds(7.2))
                : new LimitAnswer(false, left, TimeSpan.FromSeconds(11.1), TimeSpan.FromSeconds(12));
        }

        private string Text(in LimitKey key)
        {
            var text = Encoding.UTF8.GetString(key.Text);
            Assert.That(_numbers.TryAdd(key.Number, text) || _numbers[key.Number] == text, "one number is one caller");
            return text;
        }
    }
}
