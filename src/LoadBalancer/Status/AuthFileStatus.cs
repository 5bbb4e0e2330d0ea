using LoadBalancer.Http.Authentication;

namespace LoadBalancer.Daemon.Status;

/// <summary>A file of keys or passwords that an entry of <c>auth</c> reads besides lb.yaml.</summary>
internal sealed record AuthFileStatus
{
    /// <summary>The entry's name.</summary>
    public required string Name { get; init; }

    /// <summary>The file.</summary>
    public required string File { get; init; }

    /// <summary>How many keys or users it has.</summary>
    public required int Entries { get; init; }

    /// <summary>When what is in use was read.</summary>
    public required DateTimeOffset LoadedAt { get; init; }

    /// <summary>Why the file as it is now is not in use; null where it is.</summary>
    public required string? Refusal { get; init; }

    /// <summary>The status of a provider's file; null where it has none.</summary>
    public static AuthFileStatus? Of(IdentityProvider provider) => provider.File is not { } file ? null : new AuthFileStatus
    {
        Name = provider.Name,
        File = file.Path,
        Entries = file.Entries,
        LoadedAt = file.LoadedAt,
        Refusal = file.Refusal,
    };
}
