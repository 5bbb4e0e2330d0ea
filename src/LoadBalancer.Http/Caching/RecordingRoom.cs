namespace LoadBalancer.Http.Caching;

/// <summary>
/// The bodies that pass on one loop and are recorded. What all loops hold of them is bounded; where that is reached, the body gives way that has not moved for longest, so
/// that clients who take slowly, or not at all, are in each other's way and in nobody else's. Touched only on its loop.
/// </summary>
/// <param name="loops">How many there are: below its share of the bound a loop may take what it wants, so that all together never hold more than twice that.</param>
internal sealed class RecordingRoom(int loops)
{
    private BodyRecorder? _newest;
    private BodyRecorder? _oldest;
    private long _bytes;

    /// <summary>A recorder takes bytes of a body, which has moved.</summary>
    public void Move(BodyRecorder recorder)
    {
        if (_newest != recorder)
        {
            Unlink(recorder);
            recorder.Older = _newest;
            if (_newest is not null)
            {
                _newest.Newer = recorder;
            }

            _newest = recorder;
            _oldest ??= recorder;
        }
    }

    /// <summary>Makes room for more bytes of a recorder that has just moved; false where there is none.</summary>
    public bool TryTake(BodyRecorder recorder, CacheStore store, long bytes)
    {
        Count(store, bytes);
        while (store.RecordedBytes > store.MostRecorded && _bytes > store.MostRecorded / loops)
        {
            if (_oldest == recorder)
            {
                Count(store, -bytes);
                return false;
            }

            _oldest!.Stop();
        }

        return true;
    }

    /// <summary>A recorder holds nothing any more.</summary>
    public void Leave(BodyRecorder recorder, CacheStore store, long bytes)
    {
        Unlink(recorder);
        Count(store, -bytes);
    }

    private void Count(CacheStore store, long bytes)
    {
        _bytes += bytes;
        store.Recorded(bytes);
    }

    private void Unlink(BodyRecorder recorder)
    {
        if (recorder.Newer is not null)
        {
            recorder.Newer.Older = recorder.Older;
        }
        else if (_newest == recorder)
        {
            _newest = recorder.Older;
        }

        if (recorder.Older is not null)
        {
            recorder.Older.Newer = recorder.Newer;
        }
        else if (_oldest == recorder)
        {
            _oldest = recorder.Newer;
        }

        (recorder.Newer, recorder.Older) = (null, null);
    }
}
