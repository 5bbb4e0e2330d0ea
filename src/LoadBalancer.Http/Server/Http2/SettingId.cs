namespace LoadBalancer.Http.Server.Http2;

/// <summary>The settings (RFC 9113 section 6.5.2, RFC 8441 section 3); a peer may send others, which mean nothing.</summary>
internal enum SettingId : ushort
{
    /// <summary>SETTINGS_HEADER_TABLE_SIZE.</summary>
    HeaderTableSize = 1,

    /// <summary>SETTINGS_ENABLE_PUSH.</summary>
    EnablePush = 2,

    /// <summary>SETTINGS_MAX_CONCURRENT_STREAMS.</summary>
    MaxConcurrentStreams = 3,

    /// <summary>SETTINGS_INITIAL_WINDOW_SIZE.</summary>
    InitialWindowSize = 4,

    /// <summary>SETTINGS_MAX_FRAME_SIZE.</summary>
    MaxFrameSize = 5,

    /// <summary>SETTINGS_MAX_HEADER_LIST_SIZE.</summary>
    MaxHeaderListSize = 6,

    /// <summary>SETTINGS_ENABLE_CONNECT_PROTOCOL.</summary>
    EnableConnectProtocol = 8,
}
