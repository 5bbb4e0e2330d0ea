using System.Globalization;
using System.Text;
using LoadBalancer.Daemon.Simulating;

namespace LoadBalancer.Daemon.Cli;

/// <summary>The form in which <c>lb simulate</c> prints for people.</summary>
internal static class SimulationReport
{
    private const int MostRoutes = 20;

    /// <summary>The sums, then each limit, the callers that were refused most, the routes, and what the log does not say.</summary>
    public static string Text(Simulation simulation)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{simulation.Requests} requests, {Time(simulation.From)} to {Time(simulation.To)}\n");
        text.Append(CultureInfo.InvariantCulture, $"would pass        {simulation.Passed}\n");
        text.Append(CultureInfo.InvariantCulture, $"would be refused  {simulation.Limited}{(simulation.Limited > 0 ? $" ({Share(simulation.Limited, simulation.Requests)}), first at {Time(simulation.FirstLimited)}" : "")}\n");
        Some(simulation.Refused, "refused before    ", "for their address or credential");
        Some(simulation.Undecided, "not decided       ", "see below");
        Some(simulation.Unrouted, "no route          ", "of this configuration has them");
        Some(simulation.NoJson, "lines left out    ", "that are no JSON");
        if (simulation.Limits.Count > 0)
        {
            var limits = new TextTable("LIMIT", "PLAN", ">PASS", ">REFUSED", ">PEAK/S", ">ONE CALLER/MIN", "FIRST REFUSED");
            foreach (var limit in simulation.Limits)
            {
                limits.Add(limit.Limit, limit.Plan ?? "-", Number(limit.Passed), Number(limit.Refused), Number(limit.PeakPerSecond), Number(limit.CallerPeakPerMinute), Time(limit.FirstRefused));
            }

            text.Append('\n').Append(limits.Print());
        }
        else
        {
            text.Append("\nno request came to a limit\n");
        }

        if (simulation.Callers.Count > 0)
        {
            var callers = new TextTable("CALLER", "LIMIT", "PLAN", ">REFUSED", ">OF", ">PEAK/MIN", "FIRST REFUSED", "ON ROUTE");
            foreach (var caller in simulation.Callers)
            {
                callers.Add(caller.Caller, caller.Limit, caller.Plan ?? "-", Number(caller.Refused), Number(caller.Requests), Number(caller.PeakPerMinute), Time(caller.FirstRefused), caller.Route ?? "-");
            }

            text.Append('\n').Append(callers.Print());
        }

        if (simulation.Routes.Any(route => route.Limited > 0))
        {
            var routes = new TextTable("LISTENER", "ROUTE", ">REQUESTS", ">REFUSED");
            foreach (var route in simulation.Routes.Where(route => route.Limited > 0).OrderByDescending(route => route.Limited).Take(MostRoutes))
            {
                routes.Add(route.Listener, route.Route, Number(route.Requests), $"{Number(route.Limited)} ({Share(route.Limited, route.Requests)})");
            }

            text.Append('\n').Append(routes.Print());
        }

        if (simulation.Lacking.Count > 0)
        {
            text.Append("\nwhat the log does not say\n");
            foreach (var sentence in simulation.Lacking)
            {
                text.Append("- ").Append(sentence).Append('\n');
            }
        }

        return text.ToString();

        void Some(long count, string what, string why)
        {
            if (count > 0)
            {
                text.Append(CultureInfo.InvariantCulture, $"{what}{count}, {why}\n");
            }
        }
    }

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Share(long part, long whole) => string.Create(CultureInfo.InvariantCulture, $"{100.0 * part / whole:0.##} %");

    private static string Time(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "-";
}
