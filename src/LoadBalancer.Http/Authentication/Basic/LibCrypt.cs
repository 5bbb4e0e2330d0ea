using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace LoadBalancer.Http.Authentication.Basic;

/// <summary>
/// What is used of libcrypt, which hashes the passwords of the system's own users: by the name of its manual (crypt_r(3)). Thread-safe.
/// </summary>
internal static unsafe partial class LibCrypt
{
    private const string Library = "libcrypt.so.1";

    /// <summary>The longest password that it takes (CRYPT_MAX_PASSPHRASE_SIZE of libxcrypt, without its NUL).</summary>
    public const int MostPasswordBytes = 511;

    // struct crypt_data has 32 KiB in libxcrypt, and 128 KiB in the libcrypt that came with glibc before it.
    private const int WorkBytes = 256 * 1024;

    /// <summary>True where this machine has it.</summary>
    public static bool IsAvailable { get; } = NativeLibrary.TryLoad(Library, typeof(LibCrypt).Assembly, null, out _);

    /// <summary>Whether a password has a hash. It takes as long as the hash was made to take, of one core and not on a loop.</summary>
    /// <param name="password">The password, and a NUL behind it.</param>
    /// <param name="hash">The hash, and a NUL behind it.</param>
    public static bool Matches(ReadOnlySpan<byte> password, ReadOnlySpan<byte> hash)
    {
        var work = new Span<byte>(NativeMemory.AllocZeroed(WorkBytes), WorkBytes);
        try
        {
            fixed (byte* phrase = password, setting = hash, data = work)
            {
                var made = Crypt(phrase, setting, data);

                // A failure is text too, which begins with an asterisk.
                return made != null && *made != '*' && CryptographicOperations.FixedTimeEquals(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(made), hash[..^1]);
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(work);
            fixed (byte* data = work)
            {
                NativeMemory.Free(data);
            }
        }
    }

    /// <summary>Whether it can make hashes of this kind: that it has no fault with <paramref name="setting"/>, which should cost little.</summary>
    /// <param name="setting">The beginning of a hash, up to the salt.</param>
    public static bool Supports(ReadOnlySpan<byte> setting)
    {
        Span<byte> text = stackalloc byte[setting.Length + 1];
        setting.CopyTo(text);
        text[^1] = 0;
        var data = (byte*)NativeMemory.AllocZeroed(WorkBytes);
        try
        {
            fixed (byte* phrase = "\0"u8, begin = text)
            {
                var made = Crypt(phrase, begin, data);
                return made != null && *made != '*';
            }
        }
        finally
        {
            NativeMemory.Free(data);
        }
    }

    [LibraryImport(Library, EntryPoint = "crypt_r")]
    private static partial byte* Crypt(byte* phrase, byte* setting, byte* data);
}
