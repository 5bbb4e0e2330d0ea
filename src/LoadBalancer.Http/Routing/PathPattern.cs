namespace LoadBalancer.Http.Routing;

/// <summary>stub</summary>
internal sealed class PathPattern;
