using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using LoadBalancer.Configuration;
using LoadBalancer.Daemon.Configuration;

namespace LoadBalancer.Daemon.Cli;

/// <summary>
/// Asks the lb that runs on this machine, where its configuration says that its admin listener is: the Unix sockets first,
/// which tell it who asks, then over TCP.
/// </summary>
/// <param name="addresses">The addresses, in the order of the file.</param>
/// <param name="token">Presented where there is one.</param>
internal sealed class AdminClient(IEnumerable<EndPoint> addresses, Secret? token)
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Where it is not known whether lb listens there at all; on a machine that has too much to do it answers late.</summary>
    private static readonly TimeSpan DoubtfulTimeout = TimeSpan.FromSeconds(20);

    /// <summary>What a reload may take, with its listeners bound and its files read.</summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromMinutes(2);

    /// <summary>Where lb listens for the operator unless something else is configured: the packaged socket, and the default of <c>admin.bind</c>.</summary>
    public static IReadOnlyList<EndPoint> UsualAddresses { get; } = [new UnixDomainSocketEndPoint("/run/lb/admin.sock"), .. new AdminOptions().Bind];

    /// <summary>
    /// Why it is a guess whom this asks: the errors of a configuration that does not tell. Null where it does. Who answers may be
    /// another lb: what it says that it runs has to be looked at.
    /// </summary>
    public string? Doubt { get; private init; }

    /// <summary>The client that the command line and the configuration lead to.</summary>
    /// <param name="path">The configuration.</param>
    /// <param name="address">An address of the command line, asked instead of those in the file.</param>
    /// <param name="environment">An environment variable's value, null where it is unset.</param>
    /// <param name="usual">Whom to ask where a configuration that cannot be read does not tell; empty for nobody.</param>
    /// <exception cref="AdminUnreachableException">There is no such address.</exception>
    public static AdminClient Find(string path, string? address, Func<string, string?> environment, IReadOnlyList<EndPoint> usual)
    {
        var (admin, errors) = GatewayFile.LoadAdmin(path, environment);
        if (address is not null)
        {
            return AddressText.TryParse(address, AddressUse.Endpoint, out var given)
                ? new AdminClient([given], admin?.Token)
                : throw new AdminUnreachableException($"--admin expects {Kinds.EndpointAddress.Expected}, not {ScalarNode.Quote(address)}");
        }

        if (admin is null)
        {
            var doubt = string.Join('\n', errors.Append("so it is not known where lb listens; name it with --admin"));
            return usual.Count > 0 ? new AdminClient(usual, token: null) { Doubt = doubt } : throw new AdminUnreachableException(doubt);
        }

        return admin.Bind.Count > 0
            ? new AdminClient(admin.Bind, admin.Token)
            : throw new AdminUnreachableException($"{path}: admin.bind is off, so lb takes no questions; it reloads by SIGHUP");
    }

    /// <summary>Asks.</summary>
    /// <exception cref="AdminUnreachableException">Nobody answers.</exception>
    public async Task<AdminReply> SendAsync(HttpMethod method, string target, byte[]? body = null)
    {
        var failures = new List<string>();
        foreach (var address in addresses.OrderBy(address => address is UnixDomainSocketEndPoint ? 0 : 1).Select(Reachable))
        {
            try
            {
                return await SendAsync(address, method, target, body);
            }
            catch (HttpRequestException error)
            {
                failures.Add(Explain(address, error));
            }
            catch (OperationCanceledException)
            {
                failures.Add($"lb does not answer at {Show(address)}");
            }
        }

        throw new AdminUnreachableException(Doubt ?? string.Join('\n', failures));
    }

    private async Task<AdminReply> SendAsync(EndPoint address, HttpMethod method, string target, byte[]? body)
    {
        using var handler = new SocketsHttpHandler
        {
            ConnectTimeout = ConnectTimeout,
            UseProxy = false,
            AllowAutoRedirect = false,
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(address, cancellation);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        };
        using var client = new HttpClient(handler) { Timeout = Doubt is null ? AnswerTimeout : DoubtfulTimeout };
        using var request = new HttpRequestMessage(method, new Uri($"http://{(address is IPEndPoint ? address : "localhost")}{target}"));
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token.Reveal());
        }

        using var response = await client.SendAsync(request);
        return new AdminReply(response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    // What is bound to every address is asked on this machine's own.
    private static EndPoint Reachable(EndPoint bound) => bound is IPEndPoint ip && (ip.Address.Equals(IPAddress.Any) || ip.Address.Equals(IPAddress.IPv6Any))
        ? new IPEndPoint(ip.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Loopback : IPAddress.IPv6Loopback, ip.Port)
        : bound;

    private static string Explain(EndPoint address, HttpRequestException error) => (error.InnerException as SocketException)?.SocketErrorCode switch
    {
        SocketError.AccessDenied => $"permission denied: {Environment.UserName} may not connect to {Show(address)}; ask as root, or as a member of the group of that file",
        SocketError.ConnectionRefused or SocketError.AddressNotAvailable or SocketError.InvalidArgument => $"lb is not running: nothing listens at {Show(address)}",
        SocketError.TimedOut => $"nothing answers at {Show(address)}",
        null => $"{Show(address)}: {(error.InnerException ?? error).Message}",
        _ when address is UnixDomainSocketEndPoint && !File.Exists(address.ToString()) => $"lb is not running: nothing listens at {Show(address)}",
        _ => $"{Show(address)}: {error.InnerException!.Message}",
    };

    private static string Show(EndPoint address) => address is UnixDomainSocketEndPoint ? address.ToString()! : AddressText.Print(address);
}
