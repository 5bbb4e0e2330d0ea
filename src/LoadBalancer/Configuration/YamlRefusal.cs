using LoadBalancer.Configuration;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>A file that is no YAML, or uses a part of YAML that the language leaves out. Reading it ends here.</summary>
/// <param name="place">Where.</param>
/// <param name="message">What, and what to write instead.</param>
internal sealed class YamlRefusal(SourceSpan place, string message) : Exception(message)
{
    /// <summary>Where.</summary>
    public SourceSpan Place => place;
}
