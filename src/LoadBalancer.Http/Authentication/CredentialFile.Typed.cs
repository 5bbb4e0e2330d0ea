using System.Runtime.InteropServices;
using System.Security.Cryptography;
using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Authentication;

/// <summary>A <see cref="CredentialFile"/> with what it holds.</summary>
/// <typeparam name="T">What its text becomes: immutable, since requests go on with the one that they have begun with.</typeparam>
internal sealed class CredentialFile<T> : CredentialFile
    where T : class
{
    private readonly int _mostBytes;
    private readonly Func<string, ConfigReader, T?> _parse;
    private readonly Func<T, int> _count;
    private readonly Live<T> _content;

    // Of the text: the file may be large, and nobody needs it twice.
    private byte[] _digest = [];

    /// <summary>Reads it.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="mostBytes">Its greatest length.</param>
    /// <param name="parse">Makes something of its text, or tells the reader why not. Called again with every change, on one thread at a time.</param>
    /// <param name="count">How many keys or users that has.</param>
    /// <param name="time">Says when it was read.</param>
    /// <exception cref="IOException">It cannot be read or holds an error; the message says which.</exception>
    public CredentialFile(string path, int mostBytes, Func<string, ConfigReader, T?> parse, Func<T, int> count, TimeProvider time)
        : base(path, time)
    {
        (_mostBytes, _parse, _count) = (mostBytes, parse, count);
        var (content, why) = Read(out var digest);
        _content = new Live<T>(content ?? throw new IOException(why));
        _digest = digest;
        Accept();
    }

    /// <summary>What it held when it was read last and was of use.</summary>
    public T Content => _content.Current;

    /// <inheritdoc/>
    public override int Entries => _count(Content);

    /// <inheritdoc/>
    public override bool Refresh()
    {
        var (content, why) = Read(out var digest);
        if (content is null)
        {
            return why is not null && Refuse(why);
        }

        _content.Swap(content);
        _digest = digest;
        Accept();
        return true;
    }

    // Neither content nor a reason: it is as it was.
    private (T? Content, string? Why) Read(out byte[] digest)
    {
        digest = [];
        if (TextFile.Read(Path, _mostBytes, out var fault) is not { } text)
        {
            return (null, $"cannot read {Path}: {fault}");
        }

        digest = SHA256.HashData(MemoryMarshal.AsBytes(text.AsSpan()));
        if (Refusal is null && digest.AsSpan().SequenceEqual(_digest))
        {
            return default;
        }

        if (_digest.Length > 0 && string.IsNullOrWhiteSpace(text))
        {
            // Whoever writes in place begins so, and nobody who is known should be turned away meanwhile.
            return (null, $"{Path} is empty, as a file is that is being written; to have nobody in it, leave a line with a comment");
        }

        var reader = new ConfigReader();
        T? content;
        try
        {
            content = _parse(text, reader);
        }
        catch (Exception error)
        {
            // A parser, or one of the platform's behind it, that somebody's file brings down: it takes nothing else with it.
            return (null, $"cannot read {Path}: {error.GetType().Name}: {ScalarNode.Clean(error.Message)}");
        }

        return reader.Errors.Count == 0 && content is not null ? (content, null) : (null, WhyNot(reader.Errors));
    }

    private static string WhyNot(IReadOnlyList<ConfigError> errors) =>
        errors.Count > 1 ? FormattableString.Invariant($"{errors[0]} (and {errors.Count - 1} more errors)") : errors[0].ToString();
}
