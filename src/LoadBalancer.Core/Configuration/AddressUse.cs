namespace LoadBalancer.Configuration;

/// <summary>What an address in the file is for.</summary>
public enum AddressUse
{
    /// <summary>To accept on: the host may be left out for every IPv4 address, and port 0 takes a free port.</summary>
    Bind,

    /// <summary>To connect to: one IP address and a port from 1.</summary>
    Endpoint,

    /// <summary>A name server: one IP address, and a port that is 53 where it is left out.</summary>
    NameServer,
}
