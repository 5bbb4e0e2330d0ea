using System.Net;
using System.Text;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Http.Policies;
using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Telemetry;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Tests.Telemetry;

/// <summary>Exchanges as they are when they have ended.</summary>
internal static class EndedExchange
{
    /// <summary>When the lines of tests are written.</summary>
    public static readonly DateTimeOffset Now = new(2026, 11, 22, 6, 17, 9, 123, TimeSpan.FromHours(1));

    public static readonly ExchangeTimes Times = new(
        TimeSpan.FromMicroseconds(15), TimeSpan.FromMicroseconds(210), TimeSpan.FromMilliseconds(12.034), TimeSpan.FromMilliseconds(12.501));

    /// <summary>A request that an endpoint answered with 201.</summary>
    public static Exchange Answered(string target = "/users/7?token=secret", params string[] fields) => Answer(new Exchange(null!), target, fields);

    /// <summary>The same on a loop.</summary>
    public static Exchange Answered(EventLoop loop) => Answer(new Exchange(loop), "/users/7?token=secret", []);

    /// <summary>A request that no route took, and that nothing was sent for yet.</summary>
    public static Exchange Refused(string target, params string[] fields) => Fill(new Exchange(null!), target, fields);

    private static Exchange Answer(Exchange exchange, string target, string[] fields)
    {
        Fill(exchange, target, fields.Length > 0 ? fields : ["Host: api.example.com:8080", "User-Agent: curl/8.5", "Referer: https://example.com/a?session=secret"]);
        exchange.Fault = Fault.None;
        exchange.Route = RouteOf("users", "/users/{id}");
        exchange.Endpoint = new Endpoint(new EndpointId("people", new IPEndPoint(IPAddress.Parse("10.0.0.1"), 8080)), loops: 1);
        exchange.Attempts = 1;
        exchange.ReceivedBytes = 17;
        exchange.SentBytes = 4096;
        Respond(exchange, 201);
        return exchange;
    }

    private static Exchange Fill(Exchange exchange, string target, string[] fields)
    {
        Heads.Refill(exchange, target);
        var list = exchange.Request.Fields;
        exchange.Request.TargetSlice = Append(list, Encoding.Latin1.GetBytes(target));
        exchange.RequestIdSlice = Append(list, "4bf92f3577b34da6a3ce929d0e0e4736"u8);
        foreach (var field in fields)
        {
            Add(list, field[..field.IndexOf(':', StringComparison.Ordinal)], Encoding.Latin1.GetBytes(field[(field.IndexOf(':', StringComparison.Ordinal) + 2)..]));
        }

        if (list.TryGet(KnownHeader.Host, out var host))
        {
            exchange.Request.HostSlice = Append(list, host.IndexOf((byte)':') is >= 0 and var colon ? host[..colon].ToArray() : host.ToArray());
        }

        exchange.Carrier = new NoCarrier();
        exchange.Fault = new Fault(FaultSide.Client, FaultKind.NoRoute);
        return exchange;
    }

    /// <summary>Adds a field whatever its value is: a list refuses bytes that a parser would, and a log must not depend on that.</summary>
    public static void Add(HeaderList list, string name, ReadOnlySpan<byte> value)
    {
        var (nameSlice, valueSlice) = (Append(list, Encoding.ASCII.GetBytes(name)), Append(list, value));
        list.AddSlice(KnownHeaders.Find(Encoding.ASCII.GetBytes(name)), nameSlice.Start, nameSlice.Length, valueSlice.Start, valueSlice.Length, verbatim: false);
    }

    public static Slice Append(HeaderList list, ReadOnlySpan<byte> bytes) => new(list.Append(bytes), bytes.Length);

    public static void Respond(Exchange exchange, int status)
    {
        exchange.Response.Status = status;
        exchange.Carrier.Start(exchange);
    }

    public static Route RouteOf(string name, string template, RouteMetrics? metrics = null) => new()
    {
        Name = name,
        Template = template,
        Options = new RouteOptions(),
        Policies = PolicyChain.Empty,
        Handler = null!,
        Metrics = metrics,
    };
}
