// Three times the load that an endpoint can take, through lb with `concurrency: auto` and without. With it goodput has to stay above 90 % of the capacity,
// and the p99 of what is important within twice that under half the load: else it ends with 1.
//
//   bench-overload LB [SECONDS]
using System.Globalization;
using LoadBalancer.Overload;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
const int Workers = 16;
var lb = args[0];
var time = TimeSpan.FromSeconds(args.Length > 1 ? double.Parse(args[1], CultureInfo.InvariantCulture) : 20);
double capacity;
await using (var endpoint = await FixedCapacityEndpoint.StartAsync(Workers))
{
    using var load = new Load(endpoint.Address, seed: 1);
    await load.SaturateAsync(2 * Workers, TimeSpan.FromSeconds(1));
    capacity = await load.SaturateAsync(2 * Workers, TimeSpan.FromSeconds(3));
}

Console.WriteLine($"the endpoint takes {capacity:0} requests a second: {Workers} workers, 25 to 75 ms each");
foreach (var (name, keys) in new[] { ("with concurrency: auto", ", concurrency: auto"), ("without", "") })
{
    await using var endpoint = await FixedCapacityEndpoint.StartAsync(Workers);
    await using var gateway = await Gateway.StartAsync(lb, endpoint.Address, keys);
    using var load = new Load(gateway.Address, seed: 2);
    Console.WriteLine($"\n{name}\n\n| load | importance | offered/s | answered in 1 s, /s | refused | late or broken | p50 ms | p99 ms |\n| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    await load.OfferAsync(capacity / 2, TimeSpan.FromSeconds(3));
    var quiet = Print("half", await load.OfferAsync(capacity / 2, time / 2), time / 2);
    var loaded = Print("three times", await load.OfferAsync(3 * capacity, time), time);
    var holds = loaded.Goodput / capacity >= 0.9 && loaded.High / quiet.High <= 2;
    Environment.ExitCode = keys.Length > 0 && !holds ? 1 : Environment.ExitCode;
    Console.WriteLine($"\ngoodput under three times the load: {loaded.Goodput / capacity:P0} of the capacity; p99 of high: {loaded.High / quiet.High:0.0} times what it is under half the load{(keys.Length == 0 ? "" : holds ? ": within the bounds of 90 % and 2" : ": NOT within the bounds of 90 % and 2")}");
}

static (double Goodput, double High) Print(string load, IReadOnlyList<Load.Result> results, TimeSpan time)
{
    foreach (var kind in results.GroupBy(result => result.Importance).OrderBy(kind => kind.Key is "high" ? 0 : kind.Key is "normal" ? 1 : 2))
    {
        var good = kind.Count(result => result.Status == 200);
        var refused = kind.Count(result => result.Status == 503);
        Console.WriteLine(
            $"| {load} | {kind.Key} | {kind.Count() / time.TotalSeconds:0} | {good / time.TotalSeconds:0} | {(double)refused / kind.Count():P0} | {(double)(kind.Count() - good - refused) / kind.Count():P0} | " +
            $"{Quantile(kind, 0.5):0} | {Quantile(kind, 0.99):0} |");
    }

    return (results.Count(result => result.Status == 200) / time.TotalSeconds, Quantile(results.Where(result => result.Importance == "high"), 0.99));
}

// What never came counts as the second that its client waited.
static double Quantile(IEnumerable<Load.Result> results, double quantile)
{
    var times = results.Where(result => result.Status != 503).Select(result => result.Took.TotalMilliseconds).Order().ToArray();
    return times.Length == 0 ? double.NaN : times[(int)(quantile * (times.Length - 1))];
}
