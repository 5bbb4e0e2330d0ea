using System.Globalization;
using System.Text;
using LoadBalancer.Http.Policies;

namespace LoadBalancer.Http.Explaining;

/// <summary>A trace of decisions as texts, for people.</summary>
internal static class PolicyTrace
{
    /// <summary>The decisions of <paramref name="trace"/>, in the order in which they were made.</summary>
    public static List<PolicyExplanation> Of(DecisionTrace trace, Redaction redaction)
    {
        var decisions = new List<PolicyExplanation>();
        foreach (ref readonly var decision in trace.Decisions)
        {
            var facts = new List<FactExplanation>();
            foreach (ref readonly var fact in trace.FactsOf(decision))
            {
                facts.Add(new FactExplanation(
                    fact.Name,
                    redaction.Text(fact.Text ?? (fact.Bytes.Length > 0 ? Encoding.UTF8.GetString(trace.Bytes.Slice(fact.Bytes.Start, fact.Bytes.Length)) : fact.Number.ToString(CultureInfo.InvariantCulture)))));
            }

            var outcome = decision.Outcome;
            decisions.Add(new PolicyExplanation(decision.Policy, Word(outcome.Verdict), outcome.Fault.Failed ? outcome.Fault.Reason : outcome.Reason, facts));
        }

        return decisions;
    }

    private static string Word(PolicyVerdict verdict) => verdict switch
    {
        PolicyVerdict.Changed => "changed",
        PolicyVerdict.Skipped => "skipped",
        PolicyVerdict.Answered => "answered",
        PolicyVerdict.Refused => "refused",
        PolicyVerdict.WouldRefuse => "would_refuse",
        _ => "allowed",
    };
}
