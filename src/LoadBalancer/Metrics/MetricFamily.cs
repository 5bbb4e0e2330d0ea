using System.Collections.Immutable;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Daemon.Metrics;

/// <summary>A declared metric: all series of one name. <see cref="MetricFamilies"/> has every one that there is.</summary>
/// <param name="Name">Its name in Prometheus, with the suffix that its type asks for.</param>
/// <param name="Type">What its values mean.</param>
/// <param name="Help">One sentence for whoever meets it in a graph.</param>
/// <param name="Labels">The names of its labels. Their values come from the configuration, never from traffic.</param>
/// <param name="Bounds">The bounds of a histogram's buckets; null for all else.</param>
internal sealed record MetricFamily(string Name, MetricType Type, string Help, ImmutableArray<string> Labels, LatencyBounds? Bounds = null);
