using LoadBalancer.Daemon.Configuration;

namespace LoadBalancer.Daemon.Tests.Configuration;

/// <summary>A load that knows the routes of the one before finds the very same as one that knows nothing: options, errors and warnings with their places.</summary>
internal sealed class RouteMemoryTests
{
    private const string Head = """
        auth:
          callers: {api_key: {}}
        consumers:
          app: {api_keys: ["sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"]}
        rate_limits:
          each: {key: client_ip, limit: 10/s}
        upstreams:
          a: {endpoints: ["10.0.0.1:80"]}
          b: {endpoints: ["10.0.0.2:80"]}

        """;

    private static readonly string[] Items =
    [
        "- {path: \"/one/*\", upstream: a}",
        "- path: /two\n  upstream: b\n  # of the second team\n  methods: [GET, POST]",
        "- {host: a.example.com, upstream: a, auth: callers, rate_limit: each}\n\n# the third\n",
        "- name: four\n  path: \"/four/{id}\"\n  respond:\n    body: |\n      - a line with a dash\n\n      # no comment\n    status: 200",
        "-   {path: /five,\n     upstream: b,\n     retry: {attempts: 3}}",
        "- path: /six\n  split: {to: {a: 50%, b: 50%}}\n  on_error:\n    \"502\": {upstream: b}",
        "- path: '/seven'\n  upstream: a\n  request_headers:\n    set:\n      X-A: \"a ''quoted'' - text\"",
        "- {path: /eight, upstream: a, name: \"${env:NAME}\"}",
        "-\n  path: /nine\n  upstream: b",
        "- path: /ten\n  upstream: a\n  cost: 2",
        "- path: /eleven\n  upstream: b\n  query:\n    v: known",
        "- {path: \"/twelve/*\", upstream: a, priority: 2, shed: low}",
        "- {path: \"/*\", upstream: b}",
    ];

    // Each of them wrong in another way, or right in a way that has to do with the lines around it.
    private static readonly string[] Others =
    [
        "- {path: \"/open, upstream: a}", "- known", "- path: /x\n  upstream: nobody", "- {path: \"/one/*\", upstream: b}", "- path: /y\n   upstream: a", "- {path: /z}", "- [a, b]", "# a comment",
        "- name: >-\n    folded\n    - text\n  path: /f\n  upstream: a", "- {path: /k, upstream: a, unknown: 1}", "- path: /d\n  path: /d\n  upstream: a", "- {path: /e, upstream: a, methods: [GE T]}",
        "- {path: /w, upstream: a, auth: someone}", "- {path: /v, upstream: a, rate_limit: [each, each]}", "- name: four\n  path: /again\n  upstream: a", "- path: '/q\n  upstream: a", "- &anchor {path: /a, upstream: a}",
        "- {path: /r, upstream: a, request_headers: {set: {X-A: \"${path.none}\"}}}", "- {path: /s, respond: {status: 200}, shadow: [auth]}", "-", "", "- {path: /g, upstream: a}\r", "  - {path: /h, upstream: a}",
        "- {path: /t, upstream: a, on_error: {\"502\": {}}}", "- path: /b\n  respond:\n    body: |+\n      kept\n\n\n    status: 200", "- \"a\n- known\n- b\"", "- {path: /i,\n- known\nupstream: a}",
        "# one\u2028# two", "# one\r# two", "- {path: /u, upstream: a} #\u2029",
    ];

    [Test]
    public void Whatever_is_changed_is_found_as_in_a_file_that_nobody_knows([Range(1, 60)] int seed)
    {
        var random = new Random(seed);
        using var folder = new ConfigFolder();
        folder.Environment["NAME"] = "eight";
        var memory = new RouteMemory();
        var items = Items.OrderBy(_ => random.Next()).Take(random.Next(4, Items.Length)).ToList();
        var (last, dash, good) = (items.ToList(), random.Next(6, 10), 0);
        for (var load = 0; load < 12; load++)
        {
            folder.With("lb.yaml", Text(random, items, dash)).With("team.yaml", Team(items, random.Next(0, 6)));
            var known = folder.Load(new LoadSettings { Routes = memory });
            var fresh = folder.Load();
            Assert.Multiple(() =>
            {
                var text = File.ReadAllText(folder["lb.yaml"]);
                Assert.That(folder.Lines(known.Errors), Is.EqualTo(folder.Lines(fresh.Errors)), text);
                Assert.That(folder.Lines(known.Warnings), Is.EqualTo(folder.Lines(fresh.Warnings)), text);
                Assert.That(known.Options, Is.EqualTo(fresh.Options), text);
                Assert.That(known.Digest, Is.EqualTo(fresh.Digest), text);
            });
            good += known.Options is null ? 0 : 1;
            items = known.Options is null ? last.ToList() : items;
            last = items.ToList();
            Change(random, items, ref dash);
        }

        Assert.That(good, Is.GreaterThan(0));
    }

    [Test]
    public void A_route_that_has_not_changed_stays_the_same_object_wherever_it_moves()
    {
        using var folder = new ConfigFolder();
        var memory = new RouteMemory();
        var before = Load("- {path: /a, upstream: a}", "- path: /b\n  upstream: b", "- {path: /c, upstream: a}", "- {path: /z, upstream: a}");
        var after = Load("# more", "- {path: /new, upstream: a}", "- {path: /c, upstream: a}", "- {path: /a, upstream: b}", "- path: /b\n  upstream: b", "- {path: /z, upstream: a}");
        Assert.That(after[1], Is.SameAs(before[2]));
        Assert.That(after[3], Is.SameAs(before[1]));
        Assert.That(after[2], Is.Not.EqualTo(before[0]));
        Assert.That(memory.Count, Is.EqualTo(4), "the last of a list is not known: what follows it may be anything");

        IReadOnlyList<object> Load(params string[] items)
        {
            folder.With("lb.yaml", Text(new Random(0), [.. items], 6)).With("team.yaml", "");
            var loaded = folder.Load(new LoadSettings { Routes = memory });
            Assert.That(folder.Lines(loaded.Errors), Is.Empty);
            return [.. loaded.Options!.Listeners["web"].Http!.Routes];
        }
    }

    [TestCase(0x2028)]
    [TestCase(0x2029)]
    [TestCase(0x0D)]
    public void What_ends_a_line_to_the_parser_alone_makes_no_route_another_one(int letter)
    {
        var comment = $"# one{(char)letter}# two";
        using var folder = new ConfigFolder();
        var settings = new LoadSettings { Routes = new RouteMemory() };
        foreach (var (with, routes) in new[]
        {
            (comment, "- {path: /a, upstream: a}\n        - {path: /b, upstream: b}\n        - {path: /c, upstream: a}\n        - {path: /d, upstream: b}\n"),
            ("# one # two", "- {path: /b, upstream: b}\n        - {path: /d, upstream: a}\n"),
            (comment, "- {path: /b, upstream: b}\n        - {path: /c, upstream: a}\n        - {path: /d, upstream: a}\n"),
        })
        {
            foreach (var end in new[] { "", "# end\n# end\n" })
            {
                folder.With("lb.yaml", $"{with}\n{Head}listeners:\n  web:\n    bind: \":80\"\n    http:\n      routes:\n        {routes}{end}");
                var known = folder.Load(settings);
                Assert.That(folder.Lines(known.Errors), Is.Empty);
                Assert.That(known.Options, Is.EqualTo(folder.Load().Options));
            }
        }
    }

    [Test]
    public void The_bounds_of_a_file_are_those_of_all_that_stands_in_it()
    {
        const int Dash = 68;
        var nested = string.Concat(Enumerable.Range(0, 61).Select(depth => $"{new string(' ', depth)}k:\n"));
        var items = Indented("- {path: /a, upstream: a, retry: {on: [connect]}}\n- {path: /b, upstream: b}", Dash);
        var routes = Head + "listeners:\n  web:\n    bind: \":80\"\n    http:\n      routes:\n" + items;
        using var folder = new ConfigFolder().With("lb.yaml", routes);
        var settings = new LoadSettings { Routes = new RouteMemory() };
        Assert.That(folder.Load(settings).Options, Is.Not.Null);
        folder.With("lb.yaml", nested + items + routes);
        Assert.That(folder.Lines(folder.Load(settings).Errors), Is.EqualTo(folder.Errors()).And.Some.Contains("nested deeper"));

        var many = string.Concat(Enumerable.Range(0, 33_000).Select(route => $"        - {{path: /{route}, upstream: a}}\n"));
        folder.With("lb.yaml", Head + "listeners:\n  web:\n    bind: \":80\"\n    http:\n      routes:\n" + many);
        Assert.That(folder.Load(settings).Options, Is.Not.Null);
        folder.With("lb.yaml", Head + "listeners:\n  web:\n    bind: \":80\"\n    http:\n      routes:\n" + many + string.Concat(Enumerable.Range(0, 8000).Select(route => $"        - {{path: /n{route}, upstream: a}}\n")));
        Assert.That(folder.Lines(folder.Load(settings).Errors), Is.EqualTo(folder.Errors()).And.Some.Contains("more than 200000 values"));
    }

    [TestCase("${file:token}")]
    [TestCase("\\u0024{file:token}")]
    [TestCase("\\x24{env:TOKEN}")]
    public void What_a_reference_stands_for_is_read_each_time(string reference)
    {
        using var folder = new ConfigFolder().With("lb.yaml", Head + "listeners:\n  web:\n    bind: \":80\"\n    http:\n      routes:\n"
            + $"        - {{path: /one, respond: {{body: \"is {reference}\"}}}}\n        - {{path: /two, respond: {{body: \"for ${{client_ip}}\"}}}}\n        - {{path: /three, upstream: b}}\n");
        var memory = new RouteMemory();
        Assert.That(Load("first"), Is.EqualTo("is first"));
        Assert.That(Load("second"), Is.EqualTo("is second"));
        Assert.That(memory.Count, Is.EqualTo(1), "a variable of a request is no reference");

        string? Load(string token)
        {
            folder.With("token", token).Environment["TOKEN"] = token;
            var loaded = folder.Load(new LoadSettings { Routes = memory });
            Assert.That(folder.Lines(loaded.Errors), Is.Empty);
            Assert.That(loaded.Files, Has.Count.EqualTo(reference.Contains("file:", StringComparison.Ordinal) ? 2 : 1), "what is watched");
            return loaded.Options!.Listeners["web"].Http!.Routes[0].Respond!.Body;
        }
    }

    [TestCase("defaults:\n  on_error:\n    \"502\":\n      body: |\n{0}", "- {path: /one, upstream: a}\n- {path: /two, upstream: a}\n")]
    [TestCase("defaults:\n  on_error:\n    \"502\":\n      body: \"open\n{0}        closed\"\n", "open - {path: /one, upstream: a} - {path: /two, upstream: a} closed")]
    public void A_text_that_looks_like_routes_stays_a_text(string with, string body)
    {
        const string Routes = "        - {path: /one, upstream: a}\n        - {path: /two, upstream: a}\n";
        const string Listener = "listeners:\n  web:\n    bind: \":80\"\n    http:\n      routes:\n" + Routes + "        - {path: /three, upstream: b}\n";
        using var folder = new ConfigFolder().With("lb.yaml", Head + Listener);
        var settings = new LoadSettings { Routes = new RouteMemory() };
        Assert.That(folder.Load(settings).Options, Is.Not.Null);

        folder.With("lb.yaml", Head + with.Replace("{0}", Routes, StringComparison.Ordinal) + Listener);
        var known = folder.Load(settings);
        Assert.That(folder.Lines(known.Errors), Is.Empty);
        Assert.That(known.Options!.Listeners["web"].Http!.Routes[0].Policies.OnError["502"].Body, Is.EqualTo(body));
        Assert.That(known.Options, Is.EqualTo(folder.Load().Options));
        Assert.That(folder.Load(settings).Options!.Listeners["web"].Http!.Routes[0], Is.SameAs(known.Options.Listeners["web"].Http!.Routes[0]), "and the routes stay known");
        Assert.That(settings.Routes.Count, Is.EqualTo(2));
    }

    [Test]
    public void Of_ten_thousand_routes_one_that_has_changed_is_read_for_a_fifth_of_the_memory()
    {
        using var folder = new ConfigFolder();
        var memory = new RouteMemory();
        var (first, second) = (Load(1), Load(2));
        Assert.That((double)second / first, Is.LessThan(0.2), $"{first} bytes at first, {second} with another route");

        long Load(int changed)
        {
            folder.With("lb.yaml", Head + "listeners:\n  web:\n    bind: \":80\"\n    http:\n      routes:\n" + string.Concat(
                Enumerable.Range(0, 10_000).Select(route => $"        - {{path: \"/service{route}/v{(route == 5000 ? changed : 0)}/*\", upstream: {(route % 2 == 0 ? "a" : "b")}, auth: callers, rate_limit: each}}\n")));
            var before = GC.GetAllocatedBytesForCurrentThread();
            var loaded = folder.Load(new LoadSettings { Routes = memory });
            Assert.That(folder.Lines(loaded.Errors), Is.Empty);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    private static string Text(Random random, List<string> items, int dash)
    {
        var lists = string.Concat(items.Select(item => Indented(item, dash)));
        var tls = random.Next(3) == 0 ? "    http:\n      defaults: {timeout: 3s}\n      routes:\n" : "    http:\n      routes:\n";
        return $"include: team.yaml\n{(random.Next(4) == 0 ? "defaults: {retry: {attempts: 2}}\n" : "")}{Head}listeners:\n  web:\n    bind: \":80\"\n{tls}{lists}"
            + (random.Next(2) == 0 ? $"  other:\n    bind: \":81\"\n    http:\n      routes:\n{string.Concat(items.Take(3).Select(item => Indented(item, 8)))}" : "");
    }

    private static string Team(List<string> items, int count) =>
        $"routes:\n  web:\n{string.Concat(Enumerable.Range(0, count + 1).Select(number => $"    - {{path: /team{number % (items.Count + 1)}, upstream: a}}\n"))}";

    private static string Indented(string item, int dash) => string.Concat(item.Split('\n').Select(line => line.Length == 0 ? "\n" : $"{new string(' ', dash)}{line}\n"));

    private static void Change(Random random, List<string> items, ref int dash)
    {
        for (var change = random.Next(1, 4); change > 0; change--)
        {
            var at = random.Next(items.Count);
            switch (random.Next(7))
            {
                case 0 when items.Count > 3:
                    items.RemoveAt(at);
                    break;
                case 1:
                    (items[at], items[0]) = (items[0], items[at]);
                    break;
                case 2:
                    dash = random.Next(6, 10);
                    break;
                case 3:
                    items[at] = items[at].Replace("upstream: a", "upstream: b", StringComparison.Ordinal);
                    break;
                case 4:
                    items.Insert(at, Items[random.Next(Items.Length)]);
                    break;
                default:
                    items.Insert(at, Others[random.Next(Others.Length)]);
                    break;
            }
        }
    }
}
