namespace LoadBalancer.Daemon.Tests.Repository;

/// <summary>A method as compiled, and what it refers to.</summary>
/// <param name="Token">Its number in the assembly.</param>
/// <param name="Namespace">The namespace of its type.</param>
/// <param name="Type">The outermost type that it is in, without its arity.</param>
/// <param name="Name">Its name; a lambda and a state machine have the compiler's.</param>
/// <param name="Calls">The methods of other assemblies that it calls, by the full name of their type and their own.</param>
/// <param name="Uses">The tokens of the methods of its own assembly that it calls, or makes a delegate of.</param>
internal sealed record CompiledMethod(
    int Token, string Namespace, string Type, string Name, IReadOnlyList<(string Type, string Method)> Calls, IReadOnlyList<int> Uses);
