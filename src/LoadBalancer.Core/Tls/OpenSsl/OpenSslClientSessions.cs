namespace LoadBalancer.Tls.OpenSsl;

/// <summary>The last session with one endpoint, to be taken up again by the next connection (RFC 8446 section 2.2). Each is used once, but one of
/// TLS 1.2, where a server sends no other while that is good. Thread-safe.</summary>
internal sealed class OpenSslClientSessions
{
    private nint _last;

    /// <summary>
    /// Frees what is left when nobody can take it up any more: who has it, an upstream of before a reload or a connection that still runs, does not tell its end.
    /// </summary>
    ~OpenSslClientSessions() => Forget();

    /// <summary>Keeps a session, whose reference it takes over.</summary>
    public bool Keep(nint session)
    {
        Free(Interlocked.Exchange(ref _last, session));
        return true;
    }

    /// <summary>Makes a new connection take up the last session, if there is one.</summary>
    public void Resume(nint ssl)
    {
        var session = Interlocked.Exchange(ref _last, 0);
        if (session != 0)
        {
            _ = LibSsl.SetSession(ssl, session);
            if (LibSsl.GetSessionVersion(session) >= LibSsl.VersionTls13 || Interlocked.CompareExchange(ref _last, session, 0) != 0)
            {
                LibSsl.FreeSession(session);
            }
        }
    }

    /// <summary>Forgets it.</summary>
    public void Forget() => Free(Interlocked.Exchange(ref _last, 0));

    private static void Free(nint session)
    {
        if (session != 0)
        {
            LibSsl.FreeSession(session);
        }
    }
}
