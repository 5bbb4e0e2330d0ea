using LoadBalancer.Limits;
using LoadBalancer.Redis;

namespace LoadBalancer.SharedLimits;

/// <summary>The scripts of <see cref="ExactLimit"/>: of one limit, and of several that one request counts for.</summary>
/// <remarks>
/// <para>
/// They are made of functions with the same arguments: a key, the rule's three words, the cost and the time of the server. Each charges the cost, or refuses and
/// charges nothing; a negative cost is given back. What they answer is that of <see cref="ExactLimit"/>.
/// </para>
/// <para>
/// Of several limits each is charged in its turn, and where one refuses, those before it are given back at the same moment of the server, with nobody in between:
/// it is as if all had been looked at first. The answers up to that one follow one another.
/// </para>
/// </remarks>
internal static class ExactScripts
{
    private const string Clock = """
        local time = redis.call('TIME')
        local now = time[1] * 1000000 + time[2]

        """;

    private const string Several = ExactBucketScript.Function + ExactWindowScript.Function + ExactSlicesScript.Function + ExactQuotaScript.Function + Clock + """
        local functions = {bucket = bucket, window = window, slices = slices, quota = quota}
        local function take(i, sign)
          local at = 5 * (i - 1)
          local span = functions[ARGV[at + 1]] == quota and ARGV[at + 3] or tonumber(ARGV[at + 3])
          return functions[ARGV[at + 1]](KEYS[i], tonumber(ARGV[at + 2]), span, tonumber(ARGV[at + 4]), sign * ARGV[at + 5], now)
        end

        local answers = {}
        for i = 1, #KEYS do
          local answer = take(i, 1)
          for at = 1, 4 do answers[#answers + 1] = answer[at] end
          if answer[1] == 0 then
            for charged = i - 1, 1, -1 do take(charged, -1) end
            break
          end
        end
        return answers
        """;

    // The server knows them as one.
    private static readonly RedisScript[] ByCount = [.. Enumerable.Range(1, LimitAnswers.Most).Select(static count => new RedisScript(count, Several))];

    /// <summary>The script of one limit. Its arguments: the key; the rule's three words, the cost.</summary>
    /// <param name="function">Defines the function.</param>
    /// <param name="name">What the function is called.</param>
    public static RedisScript Of(string function, string name) => new(keys: 1, $"""
        {function}{Clock}return {name}(KEYS[1], tonumber(ARGV[1]), {(name == "quota" ? "ARGV[2]" : "tonumber(ARGV[2])")}, tonumber(ARGV[3]), tonumber(ARGV[4]), now)
        """);

    /// <summary>The script of several. Its arguments: their keys; then for each the name of its function, the rule's three words, the cost.</summary>
    public static RedisScript OfSeveral(int count) => ByCount[count - 1];
}
