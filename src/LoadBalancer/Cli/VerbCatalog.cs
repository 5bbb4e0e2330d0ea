namespace LoadBalancer.Daemon.Cli;

/// <summary>The verbs of <c>lb</c>, in the order of its help.</summary>
internal static class VerbCatalog
{
    /// <summary>One line a verb: a class with a <see cref="CommandLine.VerbAttribute"/> that is a <see cref="Verb"/>.</summary>
    public static Type[] All { get; } =
    [
        typeof(RunVerb),
        typeof(CheckVerb),
        typeof(TestVerb),
        typeof(SimulateVerb),
        typeof(DiffVerb),
        typeof(ExplainVerb),
        typeof(WhyVerb),
        typeof(StatusVerb),
        typeof(UsageVerb),
        typeof(DrainVerb),
        typeof(EnableVerb),
        typeof(WeightVerb),
        typeof(PurgeVerb),
        typeof(ReloadVerb),
        typeof(UpgradeVerb),
        typeof(HistoryVerb),
        typeof(RollbackVerb),
        typeof(KeysVerb),
        typeof(SchemaVerb),
        typeof(DocsVerb),
    ];
}
