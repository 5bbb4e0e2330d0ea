using LoadBalancer.Limits;
using LoadBalancer.Redis;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.SharedLimits;

/// <summary>One request's charge to several exact limits, by one script call (<see cref="ExactScripts.OfSeveral"/>): all of them, or none.</summary>
internal static class JointCharge
{
    /// <summary>How many of the first ones have their keys in one slot of a cluster.</summary>
    public static int OfOneSlot(ReadOnlySpan<LimitQuestion> asked)
    {
        var slot = LimitOf(asked[0]).SlotOf(asked[0].Text.Span);
        var count = 1;
        while (count < asked.Length && LimitOf(asked[count]).SlotOf(asked[count].Text.Span) == slot)
        {
            count++;
        }

        return count;
    }

    /// <summary>Asks for all; on the thread of <paramref name="loop"/>.</summary>
    public static ValueTask<RedisReply> SendAsync(RedisClient client, EventLoop loop, ReadOnlySpan<LimitQuestion> asked)
    {
        var length = 0;
        foreach (ref readonly var question in asked)
        {
            length += LimitOf(question).Room;
        }

        Span<byte> room = stackalloc byte[length];
        var command = new RedisCommand(ExactScripts.OfSeveral(asked.Length), room);
        foreach (ref readonly var question in asked)
        {
            LimitOf(question).AddKey(ref command, question.Text.Span);
        }

        foreach (ref readonly var question in asked)
        {
            LimitOf(question).AddWords(ref command, question.Cost);
        }

        return client.SendAsync(loop, command);
    }

    /// <summary>What is made of the reply.</summary>
    public static LimitAnswers Decide(in RedisReply reply, ReadOnlySpan<LimitQuestion> asked)
    {
        if (reply.Kind != RedisReplyKind.List || reply.Count == 0 || reply.Count % ExactLimit.Numbers != 0 || reply.Count > asked.Length * ExactLimit.Numbers)
        {
            return DecideAlone(asked);
        }

        var answers = default(LimitAnswers);
        for (var at = 0; at < reply.Count; at += ExactLimit.Numbers)
        {
            answers.Add(ExactLimit.Read(reply, at));
        }

        if (!answers[answers.Count - 1].Allowed)
        {
            return answers;
        }

        foreach (ref readonly var question in asked)
        {
            LimitOf(question).CountAlong(question.Key, question.Cost);
        }

        return answers with { AreCharged = true };
    }

    private static LimitAnswers DecideAlone(ReadOnlySpan<LimitQuestion> asked)
    {
        var answers = new LimitAnswers { AreCharged = true };
        foreach (ref readonly var question in asked)
        {
            var answer = LimitOf(question).DecideAlone(question.Key, question.Cost);
            answers.Add(answer);
            if (!answer.Allowed)
            {
                break;
            }
        }

        return answers;
    }

    private static ExactLimit LimitOf(in LimitQuestion question) => (ExactLimit)question.Limit;
}
