using LoadBalancer.Limits;

namespace LoadBalancer.Daemon.Status;

/// <summary>What retries have added to the load of an upstream.</summary>
/// <param name="Spent">Retries of the last ten seconds.</param>
/// <param name="Requests">Requests of the same time.</param>
/// <param name="Refused">Retries that were ever not made, because the budget was spent.</param>
internal sealed record RetryBudgetStatus(long Spent, long Requests, long Refused)
{
    /// <summary>That of a budget as of now.</summary>
    public static RetryBudgetStatus Of(RetryBudget budget) => new(budget.Spent, budget.Requests, budget.Refusals);
}
