using System.Buffers;
using System.Runtime.CompilerServices;

namespace LoadBalancer.Configuration;

/// <summary>
/// Arrays that one load of a configuration needs while it goes on, and the next one gets again: of thousands of routes they are megabytes, and garbage of megabytes is
/// a collection that stops all loops (docs/adr/0034). Thread-safe.
/// </summary>
/// <remarks>
/// <see cref="ArrayPool{T}.Shared"/> keeps for each thread what it gave back, and each load has a thread of its own, with which that ends. What is kept here is what the largest
/// load has needed, for as long as the process runs.
/// </remarks>
internal static class ScratchArrays<T>
{
    // Of a size, so many are in use at once; longer ones are not kept.
    private const int Most = 6;
    private const int Longest = 1 << 22;

    private static readonly ArrayPool<T> Pool = ArrayPool<T>.Create(Longest, Most);

    /// <summary>An array of at least this length, with anything in it.</summary>
    public static T[] Rent(int length) => Pool.Rent(length);

    /// <summary>An array of at least this length, of which so many items have the value that memory has by itself.</summary>
    public static T[] RentEmpty(int length)
    {
        var array = Pool.Rent(length);
        Array.Clear(array, 0, length);
        return array;
    }

    /// <summary>Takes it back. What refers to objects is cleared.</summary>
    /// <param name="array">The array; nobody uses it any more.</param>
    /// <param name="isSecret">True where nothing of it may stay in memory.</param>
    public static void Return(T[] array, bool isSecret = false) => Pool.Return(array, isSecret || RuntimeHelpers.IsReferenceOrContainsReferences<T>());
}
