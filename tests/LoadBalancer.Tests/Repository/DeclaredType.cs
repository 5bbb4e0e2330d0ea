namespace LoadBalancer.Daemon.Tests.Repository;

/// <summary>A type's declaration in a source file.</summary>
/// <param name="Name">Its name, without type parameters.</param>
/// <param name="Line">Its line, from 1.</param>
/// <param name="TopLevel">False where it stands inside another type.</param>
internal sealed record DeclaredType(string Name, int Line, bool TopLevel);
