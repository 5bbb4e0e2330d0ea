namespace LoadBalancer.Redis;

/// <summary>What came of a command, for the counters.</summary>
internal enum RedisOutcome
{
    /// <summary>It was answered.</summary>
    Answered,

    /// <summary>It was answered with an error.</summary>
    Error,

    /// <summary>There was no answer in time.</summary>
    Late,

    /// <summary>The connection ended before its answer.</summary>
    Lost,

    /// <summary>It was not sent: the server is known not to answer, or too many wait already.</summary>
    Refused,
}
