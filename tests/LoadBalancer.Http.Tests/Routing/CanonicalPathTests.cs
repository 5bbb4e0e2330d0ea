using System.Text;
using FsCheck;
using FsCheck.Fluent;
using LoadBalancer.Faults;
using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;
using LoadBalancer.Tests;

namespace LoadBalancer.Http.Tests.Routing;

internal sealed class CanonicalPathTests
{
    [TestCase("/", "/")]
    [TestCase("/trips", "/trips")]
    [TestCase("/trips/", "/trips/")]
    [TestCase("/Trips", "/Trips")]
    [TestCase("/a-b._~!$&'()*+,;=:@c", "/a-b._~!$&'()*+,;=:@c")]
    [TestCase("/.well-known/x", "/.well-known/x")]
    [TestCase("/...", "/...")]
    [TestCase("/a..b/..c/d..", "/a..b/..c/d..")]
    [TestCase("/%61dmin", "/admin")]
    [TestCase("/%7Euser/%41", "/~user/A")]
    [TestCase("/a%20b%3fc%23d", "/a%20b%3Fc%23d")]
    [TestCase("/admin%20", "/admin%20")]
    [TestCase("/gr%c3%b6%C3%9fe/%e2%82%ac/%f0%9f%9a%80", "/gr%C3%B6%C3%9Fe/%E2%82%AC/%F0%9F%9A%80")]
    [TestCase("/a[1]|b^{c}`\"<>", "/a%5B1%5D%7Cb%5E%7Bc%7D%60%22%3C%3E")]
    [TestCase("/100%25", "/100%25")]
    [TestCase("/100%25g0", "/100%25g0")]
    public void Is_one_form_of_the_path(string path, string canonical) => Assert.That(Read(path), Is.EqualTo(canonical));

    [TestCase("/./a", "/a")]
    [TestCase("/a/.", "/a/")]
    [TestCase("/a/./b", "/a/b")]
    [TestCase("/public/../admin", "/admin")]
    [TestCase("/public/%2e%2e/admin", "/admin")]
    [TestCase("/public/.%2E/admin", "/admin")]
    [TestCase("/public/%2e./admin", "/admin")]
    [TestCase("/a/b/..", "/a/")]
    [TestCase("/a/b/../", "/a/")]
    [TestCase("/a/b/../../c", "/c")]
    [TestCase("/a/..", "/")]
    [TestCase("/%2e/a", "/a")]
    public void P1_dot_segments_are_resolved_before_anybody_looks(string path, string canonical) => Assert.That(Read(path), Is.EqualTo(canonical));

    [TestCase("/..")]
    [TestCase("/../admin")]
    [TestCase("/a/../../admin")]
    [TestCase("/%2e%2e/admin")]
    public void P1_nothing_lies_above_the_root(string path) => Assert.That(Fault(path), Is.EqualTo(FaultKind.PathInvalid));

    [TestCase("/admin%2Fx")]
    [TestCase("/admin%2fx")]
    [TestCase("/p/%2e%2e%2fadmin")]
    [TestCase("/a%5Cb")]
    [TestCase("/a%00b")]
    [TestCase("/a%252fadmin")]
    [TestCase("/a%2500")]
    [TestCase("/a%25%32%66")]
    [TestCase("/%2525")]
    public void P2_what_could_be_decoded_into_another_path_is_refused(string path) => Assert.That(Fault(path), Is.EqualTo(FaultKind.PathInvalid));

    [TestCase("/public/..;/admin")]
    [TestCase("/public/..;x=1/admin")]
    [TestCase("/public/..%3B/admin")]
    [TestCase("/public/%2e%2e;/admin")]
    [TestCase("/.;/admin")]
    [TestCase("/public/..;")]
    [TestCase("/public\\..\\admin")]
    [TestCase("/a#b")]
    [TestCase("/a%zzb")]
    [TestCase("/a%2")]
    [TestCase("/a%")]
    [TestCase("/%c0%af")]
    [TestCase("/%e0%80%af")]
    [TestCase("/%ed%a0%80")]
    [TestCase("/%f4%90%80%80")]
    [TestCase("/%c3")]
    [TestCase("/%c3a")]
    [TestCase("/%80")]
    [TestCase("/%ff")]
    [TestCase("/a\u0001b")]
    [TestCase("/a\u007fb")]
    [TestCase("/a b")]
    [TestCase("/gr\u00f6")]
    [TestCase("*")]
    [TestCase("a/b")]
    [TestCase("")]
    public void P3_what_servers_read_in_different_ways_is_refused(string path) => Assert.That(Fault(path), Is.EqualTo(FaultKind.PathInvalid));

    [TestCase("/admin;.css", "/admin;.css")]
    [TestCase("/a;v=1/b", "/a;v=1/b")]
    public void P3_parameters_belong_to_their_segment(string path, string canonical) => Assert.That(Read(path), Is.EqualTo(canonical));

    [TestCase("//admin", "/admin")]
    [TestCase("/a//b///c", "/a/b/c")]
    [TestCase("/a//", "/a/")]
    [TestCase("//", "/")]
    [TestCase("/a//../b", "/b")]
    public void P3_slashes_in_a_row_are_one(string path, string canonical) => Assert.That(Read(path), Is.EqualTo(canonical));

    [Test]
    public void P5_no_encoded_control_character_is_let_pass() => Assert.Multiple(() =>
    {
        for (var code = 0; code < 0x20; code++)
        {
            Assert.That(Fault($"/go/%{code:x2}X:y"), Is.EqualTo(FaultKind.PathInvalid));
        }

        Assert.That(Fault("/go/%7f"), Is.EqualTo(FaultKind.PathInvalid));
    });

    [TestCase("/a", null)]
    [TestCase("/a?", "")]
    [TestCase("/a?x=%61&y=%zz&z=//../#", "invalid")]
    [TestCase("/a?x=%61&y=%zz&z=//../?", "x=%61&y=%zz&z=//../?")]
    [TestCase("/%61?b", "b")]
    [TestCase("/a?b c", "invalid")]
    [TestCase("/a?\u00f6", "invalid")]
    [TestCase("/a?\r\nb", "invalid")]
    public void The_query_stays_as_it_came(string target, string? query)
    {
        var head = Head(target);
        var fault = CanonicalPath.Read(head);

        Assert.That(fault, Is.EqualTo(query == "invalid" ? FaultKind.PathInvalid : FaultKind.None));
        if (fault == FaultKind.None)
        {
            Assert.That(head.HasQuery ? Encoding.Latin1.GetString(head.Query) : null, Is.EqualTo(query));
            Assert.That(Encoding.Latin1.GetString(head.Path), Is.EqualTo("/a"));
        }
    }

    [Test]
    public void Whatever_comes_is_refused_or_has_one_form_that_is_its_own() =>
        Prop.ForAll(Paths.ToArbitrary(), path =>
        {
            if (Read(path) is not { } canonical)
            {
                return true;
            }

            var segments = canonical[1..].Split('/');
            return Read(canonical) == canonical
                && canonical[0] == '/' && !canonical.Contains("//", StringComparison.Ordinal)
                && !segments.Any(segment => segment is "." or "..")
                && canonical.All(letter => letter is > ' ' and < '\u007f' and not ('\\' or '#' or '?'))
                && canonical.Length <= CanonicalPath.MostLength(Encoding.Latin1.GetBytes(path));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(20_000));

    [Test]
    public void Encoding_what_needs_none_changes_nothing() =>
        Prop.ForAll(Paths.ToArbitrary(), ArbMap.Default.ArbFor<int>(), (path, seed) =>
        {
            var random = new Random(seed);
            var encoded = string.Concat(path.Select(letter => (char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' or '~' or '_') && random.Next(3) == 0
                ? random.Next(2) == 0 ? $"%{(int)letter:x2}" : $"%{(int)letter:X2}"
                : $"{letter}"));
            // Letters behind a percent sign belong to what is encoded already.
            return path.Contains('%', StringComparison.Ordinal) || Read(encoded) == Read(path);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(5_000));

    [TestCase("/users/17/orders?x=1")]
    [TestCase("/users/%31%37/./orders//x?x=1")]
    public void Allocates_nothing(string target)
    {
        var head = new RequestHead();
        var bytes = Encoding.ASCII.GetBytes(target);
        Assert.That(Allocations.Of(() =>
        {
            head.Reset();
            head.TargetSlice = new Slice(head.Fields.Append(bytes), bytes.Length);
            if (CanonicalPath.Read(head) != FaultKind.None)
            {
                throw new InvalidOperationException();
            }
        }), Is.Zero);
    }

    [TestCase("http://a/b?c=d", "/b", "c=d")]
    [TestCase("HTTP://a:80/b/./%63", "/b/c", "")]
    [TestCase("https://[::1]/", "/", "")]
    [TestCase("http://a", "/", "")]
    [TestCase("http://a?q=/b", "/", "q=/b")]
    [TestCase("http://a/http://b/c", "/http:/b/c", "")]
    public void Is_what_stands_behind_the_authority_of_an_absolute_target(string target, string path, string query)
    {
        var head = Head(target);
        Assert.That(CanonicalPath.Read(head), Is.EqualTo(FaultKind.None));
        Assert.That((Encoding.ASCII.GetString(head.Path), Encoding.ASCII.GetString(head.Query), head.HasQuery), Is.EqualTo((path, query, target.Contains('?', StringComparison.Ordinal))));
    }

    [TestCase("http://a/../b")]
    [TestCase("http://a/%2f")]
    [TestCase("http://a/b?c#d")]
    public void Refuses_an_absolute_target_for_its_path_as_any_other(string target) =>
        Assert.That(CanonicalPath.Read(Head(target)), Is.EqualTo(FaultKind.PathInvalid));

    [Test]
    public void Moves_with_the_bytes_of_a_large_head()
    {
        var head = new RequestHead();
        head.Fields.Reserve(2000);
        var target = "/" + string.Concat(Enumerable.Repeat("[%61]/../", 200)) + "x";
        head.TargetSlice = new Slice(head.Fields.Append(Encoding.ASCII.GetBytes(target)), target.Length);

        Assert.That(CanonicalPath.Read(head), Is.EqualTo(FaultKind.None));
        Assert.That(Encoding.ASCII.GetString(head.Path), Is.EqualTo("/x"));
    }

    private static Gen<string> Paths { get; } =
        Gen.Elements("/", "/", "a", "b", "A", ".", "..", ";", "%2e", "%2E", "%61", "%2f", "%5c", "%25", "%", "2", "f", "%c3%b6", "%C3", "%b6", "%00", "?", "#", "\\", "[", "~", "%7e", " ", "\u00ff", "\u0000")
            .ListOf().Select(parts => "/" + string.Concat(parts));

    private static string? Read(string path)
    {
        var bytes = Encoding.Latin1.GetBytes(path);
        var destination = new byte[CanonicalPath.MostLength(bytes)];
        return CanonicalPath.TryWrite(bytes, destination, out var length) ? Encoding.Latin1.GetString(destination, 0, length) : null;
    }

    private static FaultKind Fault(string path)
    {
        // Both ways give one answer: the short one for what is canonical as it came, and the long one.
        var head = Head(path);
        var fault = CanonicalPath.Read(head);
        Assert.That(Read(path), Is.EqualTo(fault == FaultKind.None ? Encoding.Latin1.GetString(head.Path) : null));
        return fault;
    }

    private static RequestHead Head(string target)
    {
        var head = new RequestHead();
        head.TargetSlice = new Slice(head.Fields.Append(Encoding.Latin1.GetBytes(target)), target.Length);
        return head;
    }
}
