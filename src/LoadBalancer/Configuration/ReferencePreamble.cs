namespace LoadBalancer.Daemon.Configuration;

/// <summary>The part of docs/configuration.md that no shape can say: the rules that hold for every key.</summary>
internal static class ReferencePreamble
{
    /// <summary>Markdown up to the tables of keys.</summary>
    public const string Text = """"
        # lb.yaml

        This page is printed by `lb docs` from the same tables that the loader reads. Do not edit it: change the options
        record, then run `make docs`. `lb schema` prints the same as JSON Schema for editors.

        A file reads top down the way a connection travels: a *listener* accepts it, an *upstream* picks one of its
        *endpoints*.

        ```yaml
        listeners:
          postgres:
            bind: ":5432"
            tcp: postgres
            timeouts: {idle: 1h}
        upstreams:
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

        A word without a colon, such as `${client_ip}`, is a request variable. Only templates may hold one, and no key is a
        template yet. `lb check --without-secrets` looks no reference up and takes a key that holds one as valid.

        ### Defaults and included files

        `defaults` holds what every listener starts from. A listener's own key wins over it, and it wins over the default
        built in. Maps merge key by key, lists replace. `timeouts: none` in a listener goes back to what is built in.

        ```yaml
        defaults:
          timeouts: {connect: 1s, idle: 30m}
        include: ["upstreams.d/*.yaml"]
        ```

        An included file holds only `upstreams`. Names from all files share one map, and a name defined twice is an error
        that shows both places. Files whose name starts with a dot are skipped.

        ## Keys

        """";
}
