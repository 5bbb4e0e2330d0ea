namespace LoadBalancer.Http.Policies;

/// <summary>What one policy decided about one request, in a <see cref="DecisionTrace"/>.</summary>
/// <param name="Policy">Its word in the file: <see cref="HttpPolicy.Key"/>.</param>
/// <param name="Outcome">What it decided; <see cref="PolicyVerdict.WouldRefuse"/> where that was not acted on.</param>
/// <param name="FirstFact">Where its facts begin.</param>
/// <param name="Facts">How many there are.</param>
internal readonly record struct Decision(string Policy, PolicyOutcome Outcome, int FirstFact, int Facts);
