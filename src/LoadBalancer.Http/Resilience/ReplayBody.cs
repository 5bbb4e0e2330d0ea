using System.Buffers;
using System.Runtime.CompilerServices;
using LoadBalancer.Http.Server;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Resilience;

/// <summary>
/// The body of a request that may be sent again: it remembers what passes, as long as that is not too much, and can begin anew. All of it or
/// nothing: what was forgotten makes <see cref="CanRewind"/> false for good. Touched only on its loop.
/// </summary>
/// <param name="room">The memory that it may have, beside others.</param>
internal sealed class ReplayBody(ReplayRoom room) : BodyReader
{
    private const int FirstBytes = 4096;

    private BodyReader _original = null!;
    private byte[] _kept = [];
    private BodyPart _part;
    private long _most;
    private int _length;
    private int _at;
    private bool _replays;

    /// <summary>The body itself.</summary>
    public BodyReader Original => _original;

    /// <summary>True where nothing of it was forgotten.</summary>
    public bool CanRewind { get; private set; }

    /// <summary>How much is kept, in bytes.</summary>
    public int KeptBytes => _length;

    /// <summary>True where the last part was given out before.</summary>
    public bool IsReplaying => _replays;

    /// <inheritdoc/>
    public override HeaderList? Trailers => _original.Trailers;

    /// <summary>Begins with a body of which nothing was read.</summary>
    /// <param name="original">The body.</param>
    /// <param name="most">How many bytes are kept.</param>
    public void Begin(BodyReader original, long most)
    {
        (_original, _most, _length, _at, _replays, CanRewind) = (original, most, 0, 0, false, true);
        (BytesRead, IsAtEnd, Limit) = (0, original.IsAtEnd, original.Limit);
    }

    /// <summary>Lets go of everything, and gives the body itself back.</summary>
    public BodyReader End()
    {
        var original = _original;
        Forget();
        (_original, _part) = (null!, default);
        return original;
    }

    /// <summary>It is not begun anew any more: what is kept is let go, once it has been given out.</summary>
    public void Stop()
    {
        CanRewind = false;
        if (_at == _length)
        {
            Forget();
        }
    }

    /// <summary>From the first byte again, where <see cref="CanRewind"/>; nobody waits for a part.</summary>
    public void Rewind() => (_at, _replays) = (0, false);

    /// <inheritdoc/>
    public override bool TryRead(out BodyPart part)
    {
        _replays = _at < _length;
        if (_replays)
        {
            part = new BodyPart(new ReadOnlySequence<byte>(_kept, _at, _length - _at), _original.IsAtEnd);
            return true;
        }

        var any = _original.TryRead(out part);
        _part = part;
        return any;
    }

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    public override async ValueTask<BodyPart> ReadAsync() => TryRead(out var part) ? part : _part = await _original.ReadAsync();

    /// <inheritdoc/>
    public override void Advance()
    {
        if (_replays)
        {
            (_at, _replays) = (_length, false);
            if (!CanRewind)
            {
                Forget();
            }

            return;
        }

        if (CanRewind)
        {
            Keep(_part.Data);
        }

        _original.Advance();
        (BytesRead, IsAtEnd, _part) = (_original.BytesRead, _original.IsAtEnd, default);
    }

    /// <inheritdoc/>
    public override void Cancel() => _original.Cancel();

    /// <inheritdoc/>
    public override void Interrupt() => _original.Interrupt();

    private void Keep(in ReadOnlySequence<byte> data)
    {
        if (_length + data.Length > _most)
        {
            Forget();
            return;
        }

        if (_length + data.Length > _kept.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(_most, Math.Max(FirstBytes, 2 * (_length + data.Length))));
            if (!room.TryMove(_kept.Length, larger.Length))
            {
                ArrayPool<byte>.Shared.Return(larger);
                Forget();
                return;
            }

            _kept.AsSpan(0, _length).CopyTo(larger);
            Free();
            _kept = larger;
        }

        data.CopyTo(_kept.AsSpan(_length));
        _at = _length += (int)data.Length;
    }

    private void Forget()
    {
        room.Leave(_kept.Length);
        Free();
        (_kept, _length, _at, CanRewind) = ([], 0, 0, false);
    }

    private void Free()
    {
        if (_kept.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_kept);
        }
    }
}
