using System.Text.Json.Serialization;

namespace LoadBalancer.Daemon.Status;

/// <summary>A drain, or a weight, of an operator.</summary>
/// <param name="Since">Since when.</param>
/// <param name="By">Who did it, as the log names them.</param>
/// <param name="Until">When what is still open is ended; null where it goes on, or was ended.</param>
internal sealed record OperatorStatus(DateTimeOffset Since, string By, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? Until = null);
