namespace LoadBalancer.Discovery.Dns;

/// <summary>
/// A small file of the system that is read again when it has changed. Not thread-safe.
/// </summary>
/// <remarks>
/// It is looked at only when it is needed, which is seldom; a watch by the kernel would cost a descriptor and miss network
/// file systems. A file that is not there is empty, and one that cannot be read stays what it was.
/// </remarks>
/// <param name="path">The file.</param>
/// <param name="parse">What its text means; it takes any text.</param>
internal sealed class WatchedFile<T>(string path, Func<string, T> parse)
    where T : class
{
    private (DateTime Written, long Length) _seen;
    private T? _value;

    /// <summary>What the file means now.</summary>
    public T Read()
    {
        try
        {
            var file = new FileInfo(path);
            var now = file.Exists ? (file.LastWriteTimeUtc, file.Length) : default;
            if (_value is null || now != _seen)
            {
                _value = parse(file.Exists ? File.ReadAllText(path) : "");
                _seen = now;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _value ??= parse("");
        }

        return _value;
    }
}
