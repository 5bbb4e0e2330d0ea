namespace LoadBalancer.Daemon.Explaining;

/// <summary>What a question leaves open, and how it is taken.</summary>
internal static class Assumptions
{
    /// <summary>A sentence for each.</summary>
    public static IEnumerable<string> Of(Question question)
    {
        if (question.Client is null)
        {
            yield return $"the client is {Question.UnnamedClient}, an address of the documentation's: --client says another";
        }

        if (question.Identity is not null)
        {
            yield return "who calls was not found out, but given with the question";
        }

        if (question.ClientCertificate is not null)
        {
            yield return "the client's certificate is taken as verified";
        }
    }
}
