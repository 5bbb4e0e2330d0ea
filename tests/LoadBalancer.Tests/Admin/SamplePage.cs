using LoadBalancer.Daemon.Admin;

namespace LoadBalancer.Daemon.Tests.Admin;

/// <summary>A page that a test writes.</summary>
internal sealed class SamplePage(string path, Func<string?, AdminAnswer> read) : IAdminPage
{
    public string Path => path;

    public AdminAnswer Read(string? accept) => read(accept);
}
