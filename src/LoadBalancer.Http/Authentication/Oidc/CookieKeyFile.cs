using System.Text;

namespace LoadBalancer.Http.Authentication.Oidc;

/// <summary>
/// A file with the keys of cookies, which is looked at again and again while it is in use, so that instances which share it rotate their keys without a
/// reload. A file that is no use any more leaves the keys that were read before. Thread-safe.
/// </summary>
internal sealed class CookieKeyFile : IDisposable
{
    private const int MostBytes = 64 * 1024;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly string _path;
    private readonly ProviderCondition _condition;
    private readonly TimeProvider _time;
    private readonly Live<CookieKeys> _keys;
    private readonly Lock _lock = new();
    private ITimer? _timer;
    private string _text;

    /// <summary>Reads the file.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="condition">Is told where it is no use any more.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="IOException">It cannot be read, or is no use.</exception>
    public CookieKeyFile(string path, ProviderCondition condition, TimeProvider time)
    {
        (_path, _condition, _time) = (path, condition, time);
        (_text, var flaw) = Read(path);
        _keys = new Live<CookieKeys>(flaw is null && CookieKeys.Parse(_text, out flaw) is { } keys ? keys : throw new IOException($"{path}: {flaw}"));
    }

    /// <summary>The keys now.</summary>
    public CookieKeys Current => _keys.Current;

    /// <summary>What is wrong with a file; null where it is good.</summary>
    public static string? FlawOf(string path)
    {
        var (text, flaw) = Read(path);
        return flaw ?? (CookieKeys.Parse(text, out flaw) is null ? flaw : null);
    }

    /// <summary>Begins to look at it. Again and again without harm.</summary>
    public void Begin()
    {
        lock (_lock)
        {
            _timer ??= _time.CreateTimer(static file => ((CookieKeyFile)file!).Look(), this, Interval, Interval);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _timer?.Dispose();
            _timer = null;
        }
    }

    private static (string Text, string? Flaw) Read(string path)
    {
        try
        {
            return new FileInfo(path).Length > MostBytes ? ("", "it is larger than 64 KiB") : (File.ReadAllText(path, Encoding.ASCII), null);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return ("", error is FileNotFoundException or DirectoryNotFoundException ? "no such file" : $"the user {Environment.UserName} may not read it");
        }
    }

    private void Look()
    {
        var (text, flaw) = Read(_path);
        if (flaw is null && text == _text)
        {
            // It may have been no use in between.
            _condition.Succeed();
            return;
        }

        if (flaw is null && CookieKeys.Parse(text, out flaw) is { } keys)
        {
            _text = text;
            _keys.Swap(keys);
            _condition.Succeed();
        }
        else
        {
            _condition.Fail($"the changed file {_path} is no use, what was read before stays: {flaw}");
        }
    }
}
