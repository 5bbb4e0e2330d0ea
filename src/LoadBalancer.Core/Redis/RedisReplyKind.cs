namespace LoadBalancer.Redis;

/// <summary>What a server has answered; the first is that it has not.</summary>
internal enum RedisReplyKind : byte
{
    /// <summary>There is no answer: the server cannot be asked, was not quick enough, or is lost.</summary>
    Unavailable,

    /// <summary>An error; the text says which.</summary>
    Error,

    /// <summary>Nothing, where a text or a list could have been.</summary>
    Null,

    /// <summary>A number.</summary>
    Number,

    /// <summary>A text.</summary>
    Text,

    /// <summary>A list.</summary>
    List,
}
