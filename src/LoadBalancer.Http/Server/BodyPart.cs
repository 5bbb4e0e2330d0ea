using System.Buffers;
using LoadBalancer.Faults;

namespace LoadBalancer.Http.Server;

/// <summary>What a <see cref="BodyReader"/> has at the moment.</summary>
/// <param name="Data">Bytes of the body, without any framing; valid until <see cref="BodyReader.Advance"/>. May be empty at the end.</param>
/// <param name="IsLast">True where the body ends behind <paramref name="Data"/>.</param>
/// <param name="Fault">Why no more will come, if not by the body's end; <see cref="FaultKind.None"/> while all is well.</param>
internal readonly record struct BodyPart(ReadOnlySequence<byte> Data, bool IsLast, FaultKind Fault = FaultKind.None);
