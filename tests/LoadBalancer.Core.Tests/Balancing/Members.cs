using System.Collections.Immutable;
using System.Net;
using FsCheck;
using FsCheck.Fluent;
using LoadBalancer.Balancing;
using LoadBalancer.Endpoints;

namespace LoadBalancer.Tests.Balancing;

/// <summary>Members for tests: the first has the address 10.0.0.1:80, the second 10.0.0.2:80, and so on.</summary>
internal static class Members
{
    /// <summary>Weights of one to eight primaries.</summary>
    public static Arbitrary<int[]> Weights { get; } =
        Arb.From(from count in Gen.Choose(1, 8) from weights in Gen.Choose(1, 256).ArrayOf(count) select weights);

    public static IPEndPoint Address(int number) => new(new IPAddress([10, 0, (byte)(number >> 8), (byte)number]), 80);

    public static Endpoint Endpoint(int number) => new(new EndpointId("orders", Address(number)), loops: 1);

    public static Member Member(int number, int weight = 1, bool backup = false) => new(Endpoint(number), weight, backup);

    /// <summary>Primaries with these weights.</summary>
    public static ImmutableArray<Member> Of(params int[] weights) => [.. weights.Select((weight, at) => Member(at + 1, weight))];

    /// <summary>This many primaries of weight 1.</summary>
    public static ImmutableArray<Member> Equal(int count) => Of([.. Enumerable.Repeat(1, count)]);

    public static Tier Tier(ImmutableArray<Member> members, uint start = 0) => new(members, members.Length, new PickCursor(start), TimeProvider.System);

    public static Balancer Build(string name, ImmutableArray<Member> members, uint start = 0) =>
        BalancerCatalog.Build(name, new Tier(members, members.Length, new PickCursor(start), TimeProvider.System));

    /// <summary>A key for every number, spread like those of clients.</summary>
    public static ulong Key(int number) => HashKey.OfAddress(new IPAddress([198, (byte)(number >> 16), (byte)(number >> 8), (byte)number]));

    /// <summary>How often each of <paramref name="members"/> is picked in <paramref name="picks"/> picks, each with another key.</summary>
    public static int[] Counts(Balancer balancer, ImmutableArray<Member> members, int picks)
    {
        var counts = members.ToDictionary(member => member.Endpoint, _ => 0);
        for (var pick = 0; pick < picks; pick++)
        {
            counts[balancer.Pick(new PickContext(Key(pick)))!]++;
        }

        return [.. members.Select(member => counts[member.Endpoint])];
    }
}
