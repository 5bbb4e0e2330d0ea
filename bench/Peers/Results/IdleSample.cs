namespace LoadBalancer.Peers.Results;

/// <summary>Resident memory of a freshly started contender before and with its idle connections.</summary>
internal sealed record IdleSample(string Scenario, string Contender, int Round, int Connections, long BeforeBytes, long HoldingBytes)
{
    public double BytesPerConnection => (double)(HoldingBytes - BeforeBytes) / Connections;
}
