using LoadBalancer.Configuration;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Tests;

namespace LoadBalancer.Http.Tests.Authentication;

/// <summary>What providers of a test are built from.</summary>
internal static class Builds
{
    /// <summary>A build of a provider called <c>p</c>.</summary>
    public static ProviderBuild Of(ProviderOptions options, TimeProvider? time = null, params (string Name, ConsumerOptions Options)[] consumers) => new(
        "p", options, new ValueMap<ConsumerOptions>(consumers.Select(consumer => KeyValuePair.Create(consumer.Name, consumer.Options))), null,
        new BuildContext { Time = time ?? new ManualTime(), Loops = 1, Seeds = new Random(1), Connections = null! }, null!);

    /// <summary>A map of texts.</summary>
    public static ValueMap<string> Map(params (string Key, string Value)[] entries) => new(entries.Select(entry => KeyValuePair.Create(entry.Key, entry.Value)));
}
