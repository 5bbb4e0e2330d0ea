namespace LoadBalancer.Daemon.Tests.Configuration;

/// <summary>What an operator reads, word for word: a change of a message is seen here before they see it.</summary>
internal sealed class ErrorTextTests
{
    [Test]
    public void Reports_all_errors_of_meaning_at_once_from_top_to_bottom() => Expect(
        """
        transport: {loops: atuo}
        listeners:
          postgres:
            bind: ":5432"
            tcp: {upstrem: postgres}
            max_connections: 0
          web:
            bind: 8080
            tcp: wbe
            timeouts: {idle: 10 minutes, half_closed: 90}
          three:
            bind: ["*:80", "localhost:80", ":8080"]
            tcp: []
        upstreams:
          web:
            balance: least-connections
            endpoints: ["db.internal:80", "10.0.0.1", {address: "10.0.0.2:80", weight: 999, bakup: true}]
            health: {active: on, passive: {max_ejected: 50}}
        log: {access: log.txt, level: Info}
        reload: {watch: on}
        admin: {bind: ["::1:80"]}
        lisners: {}
        """,
        """
        lb.yaml:1:20: 'loops' expects auto or a whole number from 1 to 256, not 'atuo'; did you mean 'auto'?
        lb.yaml:5:11: unknown key 'upstrem' in tcp; did you mean 'upstream'?
        lb.yaml:6:22: 'max_connections' expects a whole number from 1 to 10000000, not '0'
        lb.yaml:8:11: 'bind' expects an address to accept on such as ":8080", "[::]:8080" or unix:/run/x.sock, or a list of them, not '8080'; for this port of every IPv4 address write ":8080"
        lb.yaml:9:10: no upstream is called 'wbe'; did you mean 'web'?
        lb.yaml:10:22: 'idle' expects a duration from 10ms to 30d such as 5s, not '10 minutes'; the units are ms, s, m, h, d, without a space before them
        lb.yaml:10:47: 'half_closed' expects a duration from 10ms to 30d such as 5s, not '90'; add a unit (ms, s, m, h, d)
        lb.yaml:12:12: 'bind' expects an address to accept on such as ":8080", "[::]:8080" or unix:/run/x.sock, not '*:80'; for every IPv4 address write ":80", for every IPv6 address "[::]:80"
        lb.yaml:12:20: 'bind' expects an address to accept on such as ":8080", "[::]:8080" or unix:/run/x.sock, not 'localhost:80'; write "127.0.0.1:80"
        lb.yaml:13:10: 'tcp' expects the name of an upstream, or a map with the keys upstream, sni, otherwise, not a list
        lb.yaml:16:14: 'balance' expects one of round_robin, least_connections, random_two, peak_ewma, hash, not 'least-connections'; did you mean 'least_connections'?
        lb.yaml:17:17: 'endpoints' expects an IP address with a port, or unix:/path, such as "10.0.0.1:8080", not 'db.internal:80'; names are not looked up here; write the IP address, or look the name up with discover: {dns: "db.internal:80"}
        lb.yaml:17:35: 'endpoints' expects an IP address with a port, or unix:/path, such as "10.0.0.1:8080", not '10.0.0.1'; add a port: "10.0.0.1:8080"
        lb.yaml:17:80: 'weight' expects a whole number from 0 to 256, not '999'
        lb.yaml:17:85: unknown key 'bakup' in endpoints; did you mean 'backup'?
        lb.yaml:18:22: 'active' expects off or a map with the keys type, interval, timeout, healthy_after, unhealthy_after, jitter, port, tls, method, path, host, service, status, body, not 'on'; for its defaults write {}
        lb.yaml:18:49: 'max_ejected' expects a percentage from 0% to 100% such as 10%, not '50'; add the sign %
        lb.yaml:19:15: 'access' expects off, stdout or an absolute path such as /var/log/lb/access.json, not 'log.txt'
        lb.yaml:19:31: 'level' expects one of debug, info, warn, error, not 'Info'; did you mean 'info'?
        lb.yaml:20:17: 'watch' expects true or false, not 'on'; write true
        lb.yaml:21:16: 'bind' expects an address to accept on such as ":8080", "[::]:8080" or unix:/run/x.sock, not '::1:80'; put an IPv6 address in brackets: "[::1]:80"
        lb.yaml:22:1: unknown key 'lisners'; did you mean 'listeners'?
        """);

    [Test]
    public void Reports_one_error_of_syntax_alone_with_its_place() => Expect(
        """
        listeners:
          web:
            bind: [::]:80
            tcp: web
        upstreams: {x: 1}
        """,
        """lb.yaml:3:16: not valid YAML: while parsing a block mapping, did not find expected key; put a value that starts with '[' in quotes: "[::]:80" """);

    [Test]
    public void Reports_what_is_missing_and_what_for() => Expect(
        """
        listeners:
          web: {tcp: web}
          api: {bind: ":81"}
          none:
          tcp: {bind: ":82", tcp: }
        upstreams:
          web: {balance: round_robin}
          api: {endpoints: []}
          db: {endpoints: }
          map: {endpoints: [{weight: 1}]}
        """,
        """
        lb.yaml:2:8: 'web' needs the key 'bind': an address to accept on such as ":8080", "[::]:8080" or unix:/run/x.sock, or a list of them
        lb.yaml:3:8: 'api' needs the key 'tcp' or 'http': the name of the upstream that takes its connections, or its requests, or a map
        lb.yaml:4:8: 'none' needs the key 'bind': an address to accept on such as ":8080", "[::]:8080" or unix:/run/x.sock, or a list of them
        lb.yaml:4:8: 'none' needs the key 'tcp' or 'http': the name of the upstream that takes its connections, or its requests, or a map
        lb.yaml:5:27: 'tcp' needs the key 'upstream': the name of an upstream, or the key 'sni': a map of them by host
        lb.yaml:7:8: the upstream 'web' has neither 'endpoints' nor 'discover': list its endpoints, or look them up with discover: {dns: "web.internal:8000"}
        lb.yaml:8:20: 'endpoints' needs at least one item: an IP address with a port, or unix:/path, such as "10.0.0.1:8080", or a map with the keys address, weight, backup
        lb.yaml:9:19: 'endpoints' expects an IP address with a port, or unix:/path, such as "10.0.0.1:8080", or a map with the keys address, weight, backup, or a list of them, not nothing
        lb.yaml:10:21: 'endpoints' needs the key 'address': an IP address with a port, or unix:/path, such as "10.0.0.1:8080"
        """);

    [Test]
    public void Says_that_a_key_has_another_form() => Expect(
        """
        listeners: [web]
        upstreams: web
        log: info
        """,
        """
        lb.yaml:1:12: 'listeners' expects a map of listeners by name, not a list
        lb.yaml:2:12: 'upstreams' expects a map of upstreams by name, not 'web'
        lb.yaml:3:6: 'log' expects a map with the keys level, access, format, fields, not 'info'
        """);

    private static void Expect(string file, string errors) =>
        Assert.That(string.Join('\n', ConfigFolder.ErrorsOf(file)), Is.EqualTo(errors.ReplaceLineEndings("\n").TrimEnd()));
}
