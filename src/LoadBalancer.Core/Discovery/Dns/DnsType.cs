namespace LoadBalancer.Discovery.Dns;

/// <summary>The types of records that a lookup reads or writes (RFC 1035 §3.2.2, RFC 3596, RFC 6891).</summary>
internal enum DnsType : ushort
{
    /// <summary>An IPv4 address.</summary>
    A = 1,

    /// <summary>The name that this one stands for.</summary>
    Cname = 5,

    /// <summary>The start of a zone, which says how long it is true that there is nothing (RFC 2308).</summary>
    Soa = 6,

    /// <summary>An IPv6 address.</summary>
    Aaaa = 28,

    /// <summary>No record of the zone, but of the message: how large an answer may be.</summary>
    Opt = 41,
}
