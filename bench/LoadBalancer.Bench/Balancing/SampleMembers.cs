using System.Collections.Immutable;
using System.Net;
using LoadBalancer.Balancing;
using LoadBalancer.Endpoints;

namespace LoadBalancer.Bench.Balancing;

/// <summary>Members with weights of 1 to 5.</summary>
internal static class SampleMembers
{
    public static ImmutableArray<Member> Of(int count) =>
    [
        .. Enumerable.Range(1, count).Select(number =>
        {
            var address = new IPEndPoint(new IPAddress([10, 0, (byte)(number >> 8), (byte)number]), 80);
            return new Member(new Endpoint(new EndpointId("orders", address), loops: 1), 1 + (number % 5), Backup: false);
        }),
    ];
}
