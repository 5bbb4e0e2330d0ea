namespace LoadBalancer.Telemetry;

/// <summary>
/// The JSON form of a <see cref="ConnectionRecord"/>. Every line has every key in the same order; what does not apply is
/// null. <c>result</c> is <c>ok</c> or the fault's reason.
/// </summary>
internal static class ConnectionLine
{
    /// <summary>Writes one line, its line feed included, to <paramref name="buffer"/>; false where that is too small.</summary>
    public static bool TryFormat(in ConnectionRecord record, DateTimeOffset time, Span<byte> buffer, out int length)
    {
        var line = new JsonLine(buffer);
        line.Time("time"u8, time);
        line.Text("listener"u8, record.Listener);
        line.Address("client"u8, record.Client);
        line.Address("proxy"u8, record.Proxy);
        line.Text("server_name"u8, record.ServerName);
        line.Text("tls"u8, record.Tls);
        line.Text("upstream"u8, record.Upstream);
        line.Text("endpoint"u8, record.Endpoint);
        line.Number("attempts"u8, record.Attempts);
        line.Milliseconds("connect_ms"u8, record.ConnectTime);
        line.Milliseconds("duration_ms"u8, record.Duration);
        line.Number("received_bytes"u8, record.ReceivedBytes);
        line.Number("sent_bytes"u8, record.SentBytes);
        line.Text("result"u8, record.Fault.Failed ? record.Fault.Reason : "ok");
        line.Text("side"u8, record.Fault.Failed ? record.Fault.SideName : null);
        line.Text("detail"u8, record.Detail);
        return line.TryEnd(out length);
    }
}
