namespace LoadBalancer.Daemon.Tests.Repository;

/// <summary>One use of a namespace by a source file.</summary>
/// <param name="Target">The namespace, or the type of an alias or a static using, fully qualified.</param>
/// <param name="Line">The line of the use, from 1.</param>
/// <param name="Everywhere">True for a <c>global using</c>, which is seen by files that do not say so.</param>
internal sealed record Import(string Target, int Line, bool Everywhere = false);
