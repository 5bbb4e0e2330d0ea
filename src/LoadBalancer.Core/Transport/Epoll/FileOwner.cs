namespace LoadBalancer.Transport.Epoll;

/// <summary>Whose a file is.</summary>
internal static unsafe class FileOwner
{
    private const int HereFolder = -100; // AT_FDCWD
    private const uint OwnerWanted = 0x8 | 0x10; // STATX_UID, STATX_GID
    private const int UserOffset = 20;
    private const int GroupOffset = 24;
    private const int StatusBytes = 256;

    /// <summary>Gives a file to whom another one belongs, user and group.</summary>
    /// <param name="from">The other one; where it is missing, nothing is done.</param>
    /// <param name="to">The file.</param>
    /// <returns>False where this process may not; <see cref="Libc.LastErrno"/> says why.</returns>
    public static bool TryCopy(string from, string to) =>
        Of(from) is not { } owner || Of(to) == owner || Libc.ChangeOwner(to, owner.User, owner.Group) == 0;

    private static (uint User, uint Group)? Of(string path)
    {
        var status = stackalloc byte[StatusBytes];
        return Libc.FileStatus(HereFolder, path, 0, OwnerWanted, status) == 0 ? (*(uint*)(status + UserOffset), *(uint*)(status + GroupOffset)) : null;
    }
}
