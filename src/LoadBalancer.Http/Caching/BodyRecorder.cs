using System.Buffers;

namespace LoadBalancer.Http.Caching;

/// <summary>
/// Takes a body while it passes, to keep it when it was whole. What all recorders hold is bounded (<see cref="RecordingRoom"/>); one that gets no more, or more
/// than one body may have, or that has to give way, gives up, and the body passes all the same. Belongs to an exchange and is used again; touched only on its loop.
/// </summary>
internal sealed class BodyRecorder
{
    private const int FirstChunk = 4 * 1024;

    private readonly List<byte[]> _chunks = [];
    private CacheStore _store = null!;
    private RecordingRoom _room = null!;
    private long _most;
    private long _length;
    private long _held;
    private int _used;

    /// <summary>The one that has moved after it; the room's.</summary>
    internal BodyRecorder? Newer;

    /// <summary>The one that has moved before it; the room's.</summary>
    internal BodyRecorder? Older;

    /// <summary>True while it takes what passes.</summary>
    public bool IsRecording { get; private set; }

    /// <summary>Begins.</summary>
    /// <param name="store">Whose bound holds.</param>
    /// <param name="room">The loop's share of it.</param>
    /// <param name="length">How many bytes are announced; negative where that is not told.</param>
    /// <param name="most">How many they may be.</param>
    public void Begin(CacheStore store, RecordingRoom room, long length, long most)
    {
        Stop();
        (_store, _room, _length, _most, IsRecording) = (store, room, length, most, true);
    }

    /// <summary>Takes bytes.</summary>
    public void Write(in ReadOnlySequence<byte> data)
    {
        _room.Move(this);
        foreach (var piece in data)
        {
            for (var rest = piece.Span; rest.Length > 0 && IsRecording;)
            {
                if ((_chunks.Count == 0 || _used == _chunks[^1].Length) && !TryGrow())
                {
                    Stop();
                    return;
                }

                var count = Math.Min(rest.Length, _chunks[^1].Length - _used);
                rest[..count].CopyTo(_chunks[^1].AsSpan(_used));
                _used += count;
                rest = rest[count..];
            }
        }
    }

    /// <summary>The body, which is whole; the recorder has nothing more to do with it.</summary>
    /// <param name="body">The body.</param>
    /// <returns>False where it was given up.</returns>
    public bool TryTake(out ReadOnlySequence<byte> body)
    {
        body = default;
        if (!IsRecording)
        {
            return false;
        }

        if (_chunks.Count > 0)
        {
            BodyChunk? first = null;
            BodyChunk? last = null;
            for (var at = 0; at < _chunks.Count; at++)
            {
                // What is kept weighs what it is: no room that nobody uses stays behind the last byte.
                var chunk = at == _chunks.Count - 1 && _used < _chunks[at].Length ? _chunks[at].AsSpan(0, _used).ToArray() : _chunks[at];
                last = new BodyChunk(chunk, last);
                first ??= last;
            }

            body = new ReadOnlySequence<byte>(first!, 0, last!, last!.Memory.Length);
        }

        Stop();
        return true;
    }

    /// <summary>Gives up what it has, if anything.</summary>
    public void Stop()
    {
        if (IsRecording)
        {
            _room.Leave(this, _store, _held);
        }

        _chunks.Clear();
        (IsRecording, _held, _used, _store) = (false, 0, 0, null!);
    }

    private bool TryGrow()
    {
        var next = _length >= 0 ? Math.Min(BodyChunk.Most, _length - _held)
            : _chunks.Count == 0 ? FirstChunk
            : Math.Min(BodyChunk.Most, _chunks[^1].Length * 2);
        next = Math.Min(next, _most - _held);
        if (next <= 0 || !_room.TryTake(this, _store, next))
        {
            return false;
        }

        _chunks.Add(new byte[next]);
        _held += next;
        _used = 0;
        return true;
    }
}
