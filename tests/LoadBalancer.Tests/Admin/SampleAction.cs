using LoadBalancer.Daemon.Admin;

namespace LoadBalancer.Daemon.Tests.Admin;

/// <summary>A change that a test makes.</summary>
internal sealed class SampleAction(string path, Func<AdminRequest, AdminAnswer> run, params string[] parameters) : IAdminAction
{
    public string Path => path;

    public IReadOnlyList<string> Parameters => parameters;

    public Task<AdminAnswer> RunAsync(AdminRequest request) => Task.FromResult(run(request));
}
