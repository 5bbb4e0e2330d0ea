using LoadBalancer.Configuration;
using LoadBalancer.Limits;
using LoadBalancer.Redis;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>What outlives the process, and what instances share: the file's <c>state</c>. The folder is read once, at start.</summary>
public sealed record StateOptions : IConfigurable<StateOptions>
{
    /// <summary>The word for the folder that the service manager gives, or none.</summary>
    public const string Auto = "auto";

    /// <summary>The word for none.</summary>
    public const string Off = "off";

    /// <inheritdoc/>
    public static Shape<StateOptions> Shape { get; } = new("state", "What outlives the process, and what instances share. The folder is read once, at start.", "{dir: /var/lib/lb}", () => new())
    {
        {
            "dir", Kinds.FilePath.Or(Auto, Auto).Or(Off, Off), o => o.Dir, (o, value) => o with { Dir = value },
            "The folder for it, one for each lb: drained endpoints, what callers have used of quotas and by months, and the last 20 configurations that took effect, for a start with a file that is no use and for `lb rollback`. " +
            "`auto`: the `StateDirectory=` of the systemd unit; without one, nothing is kept."
        },
        {
            "redis", Kinds.Record<RedisOptions>().OrNull("none"), o => o.Redis, (o, value) => o with { Redis = value },
            "The Redis in which instances count their limits together. `none`: each counts for itself."
        },
        {
            "on_failure", Kinds.Word("local", "allow", "deny"), o => o.OnFailure.ToString().ToLowerInvariant(), (o, value) => o with { OnFailure = Enum.Parse<StoreFailure>(value, ignoreCase: true) },
            "What limits do that are counted in `redis` while it cannot be asked, where they do not say it themselves: `local`, each instance counts alone; `allow`, all may; `deny`, nobody may (503)."
        },
        {
            "usage", Kinds.Boolean, o => o.Usage, (o, value) => o with { Usage = value },
            "Whether requests to routes with `auth` are counted for their callers, by calendar month, for `lb usage`. The folder then holds the callers' names."
        },
    };

    /// <summary>The folder; <c>auto</c> is the service manager's where there is one, <c>off</c> is none.</summary>
    public string Dir { get; init; } = Auto;

    /// <summary>The Redis that instances share; null for none.</summary>
    internal RedisOptions? Redis { get; init; }

    /// <summary>What limits do that are counted there while it cannot be asked.</summary>
    internal StoreFailure OnFailure { get; init; }

    /// <summary>True where usage is counted.</summary>
    public bool Usage { get; init; } = true;

    /// <summary>The folder's path; null where there is none.</summary>
    /// <param name="given">What the service manager gives ($STATE_DIRECTORY), several separated by colons; null where it gives none.</param>
    public string? Folder(string? given) => Dir switch
    {
        Off => null,
        Auto => given?.Split(':')[0] is { Length: > 0 } first ? first : null,
        _ => Dir,
    };
}
