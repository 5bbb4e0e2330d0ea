namespace LoadBalancer.Daemon.Configuration;

/// <summary>The part of docs/configuration.md that no shape can say: the rules that hold for every key.</summary>
internal static class ReferencePreamble
{
    /// <summary>Markdown up to the tables of keys.</summary>
    public const string Text = """"
        # lb.yaml

        This page is printed by `lb docs` from the same tables that the loader reads. Do not edit it: change the options
        record, then run `make docs`. `lb schema` prints the same as JSON Schema for editors.

        A file reads top down the way a connection travels: a *listener* accepts it, over HTTP a *route* is found for each
        request, an *upstream* picks one of its *endpoints*.

        ```yaml
        listeners:
          postgres:
            bind: ":5432"
            tcp: postgres
            timeouts: {idle: 1h}
          public:
            bind: ":80"
            http:
              routes:
                - {host: api.example.com, path: "/users/*", upstream: users}
                - {host: api.example.com, path: /robots.txt, respond: {body: "User-agent: *"}}
        upstreams:
          users: {endpoints: ["10.0.2.11:8000", "10.0.2.12:8000"], timeouts: {first_byte: 5s}}
          postgres:
            balance: least_connections
            endpoints:
              - "10.0.0.11:5432"
              - {address: "10.0.0.12:5432", weight: 2}
              - {address: "10.0.1.11:5432", backup: true}
            health:
              active: {type: tcp, interval: 2s}
        ```

        Check a file with `lb check -c lb.yaml`. It prints every error at once, each with its place, and exits 1:

        ```
        lb.yaml:4:11: unknown key 'upstrem' in tcp; did you mean 'upstream'?
        ```

        ## Rules

        - **Values are text until their key reads them.** `5432`, `"5432"` and `'5432'` are the same. `off` and `none` are
          words, not booleans.
        - **Short forms.** Where a map has a key that is nearly always the only one, its value may stand for the map:
          `tcp: orders` is `tcp: {upstream: orders}`. One item may stand for a list of one: `bind: ":80"`.
        - **Names** (of listeners and upstreams) are letters, digits, `_`, `-` and `.`, at most 64 of them.
        - **YAML.** A file is one document of UTF-8 text, at most 5 MB, 64 levels deep and 200,000 values long. Anchors,
          aliases, tags and merge keys are left out, and a key stands once in a map. Quote a value that starts with `*` or
          `[` (`"[::]:80"`), and inside `{…}` or `[…]` one that holds `{` (`"${env:PORT}"`).
        - **What can never work is an error**, not a surprise at run time: a name that is not defined, an address that is
          taken twice, an upstream whose weights are all 0, an endpoint that is the listener itself.

        ### Values

        | value | examples | notes |
        | --- | --- | --- |
        | duration | `250ms` `5s` `1m` `2h` `30d` | a whole number and a unit |
        | size | `512B` `64KiB` `10MB` | `KB` is 1000 bytes, `KiB` is 1024 |
        | bandwidth | `240B/s` `1MiB/s` | a size per second |
        | percentage | `10%` `2.5%` | always with its sign |
        | rate | `50/s` `60/min` `1000/h` | at most so many in any window of that length |
        | address | `":8080"` `"10.0.0.1:80"` `"[::1]:80"` `unix:/run/x.sock` | `":8080"` is every IPv4 address, `"[::]:8080"` every IPv6 one |
        | secret | `"${credential:admin}"` `"${file:token}"` | always a reference: a secret never stands in the file, and lb prints it nowhere |

        ### References

        A reference stands in the place of a value, or of a part of it. It is replaced once, when the file is loaded, and
        what was put in is not looked at again. One that cannot be replaced is an error. Errors show the reference, never
        what it stands for.

        | reference | stands for |
        | --- | --- |
        | `${env:NAME}` | an environment variable |
        | `${file:PATH}` | a file's text without its last line break; the path is relative to the file that names it |
        | `${credential:NAME}` | a credential of systemd (`LoadCredential=` in the unit) |
        | `$$` | a dollar |

        `lb check --without-secrets` looks no reference up and takes a key that holds one as valid.

        A word without a colon is a variable of the request. Only a template may hold one; a key that is a template says so.
        There are `${client_ip}`, `${host}`, `${path}`, `${query}`, `${method}`, `${scheme}`, `${request_id}`, `${path.NAME}` for
        what `{NAME}` in the route's `path` captured, and `${header.NAME}` for a field of the request. What a variable holds was
        chosen by the client, and is written so that it means nothing but itself.

        ### Routes

        The most specific route wins, never the order in the file: by host (exact, then the longest wildcard, then none), then by
        path (exact, then the template with more literal segments, then the longer prefix, then a regular expression, then none),
        then by the number of further conditions (the methods are one, and each header field and query parameter). Where two
        routes are of one rank and a request may be for both, the file is refused, unless `priority` tells them apart. A route
        that no request can reach is an error too. Where the path fits and the method does not, the answer is 405 with the field Allow,
        and no broader route is tried.

        Hosts are compared in lower case and without a port. Paths are compared in one form, which is also the one that is logged
        and sent on: what needs no percent-encoding is decoded, dot segments are resolved, slashes in a row are one; case, a slash at
        the end and parameters behind `;` count. A path that could be read in two ways is refused with 400: with an encoded
        slash, backslash, control character or percent sign that hides another encoding, with a backslash, with bytes that are no
        UTF-8, with `..;`, or with more `..` than there are segments.

        ### Defaults and included files

        `defaults` holds what every listener and every route starts from, `http.defaults` what the routes of one listener do. A
        route's own key wins over its listener's, that over the file's, and that over the default built in. Maps merge key by
        key, lists replace, and `none` takes away what a default says.

        ```yaml
        defaults:
          timeouts: {connect: 1s, idle: 30m}
          response_headers: {remove: [Server]}
        include: ["upstreams.d/*.yaml"]
        ```

        An included file holds only `upstreams`, and `routes` by the name of their listener: `routes: {public: [{path: /a, upstream: a}]}`.
        Names from all files share one map, and a name defined twice is an error that shows both places; routes are added to
        those of the listener. Files whose name starts with a dot are skipped.

        ## Keys

        """";
}
