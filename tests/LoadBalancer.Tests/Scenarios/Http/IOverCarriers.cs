using System.Net.Sockets;
using NUnit.Framework.Internal;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>A fixture whose tests run once for each carrier: what they say is true of both.</summary>
internal interface IOverCarriers
{
    /// <summary>The carrier of its clients.</summary>
    Carrier Carrier { get; }

    /// <summary>A client that speaks what the fixture of the running test is about; HTTP/1.1 where it is about neither.</summary>
    static HttpWire Connect(Socket socket) =>
        TestExecutionContext.CurrentContext.TestObject is IOverCarriers { Carrier: Carrier.Http2 } ? new Http2Client(socket) : new HttpWire(socket);
}
