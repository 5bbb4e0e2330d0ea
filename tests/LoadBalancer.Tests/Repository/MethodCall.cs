namespace LoadBalancer.Daemon.Tests.Repository;

/// <summary>A call that a compiled method makes to a method of another assembly.</summary>
/// <param name="CallerNamespace">The namespace of the calling type.</param>
/// <param name="CallerType">The outermost type that the call stands in, without its arity.</param>
/// <param name="CallerMethod">The calling method, as compiled.</param>
/// <param name="CalledType">The full name of the called type.</param>
/// <param name="CalledMethod">The called method.</param>
internal sealed record MethodCall(string CallerNamespace, string CallerType, string CallerMethod, string CalledType, string CalledMethod);
