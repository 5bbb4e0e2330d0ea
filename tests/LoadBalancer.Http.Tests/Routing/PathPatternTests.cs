using LoadBalancer.Http.Routing;

namespace LoadBalancer.Http.Tests.Routing;

internal sealed class PathPatternTests
{
    [TestCase("/", PathForm.Exact)]
    [TestCase("/trips", PathForm.Exact)]
    [TestCase("/trips/", PathForm.Exact)]
    [TestCase("/gr%C3%B6%C3%9Fe", PathForm.Exact)]
    [TestCase("/*", PathForm.Any)]
    [TestCase("/users/*", PathForm.Prefix)]
    [TestCase("/users/{id}/*", PathForm.Prefix)]
    [TestCase("/{id}", PathForm.Template)]
    [TestCase("/trips/{id}/track", PathForm.Template)]
    public void Has_the_form_that_the_text_has(string text, PathForm form)
    {
        Assert.That(PathPattern.TryParse(text, out var pattern, out var fault), Is.True, fault);
        Assert.That(pattern.Form, Is.EqualTo(form));
    }

    [TestCase("trips", "a path begins with '/'")]
    [TestCase("", "a path begins with '/'")]
    [TestCase("/a//b", "slashes in a row are one by the time that a path is compared")]
    [TestCase("/a/*/b", "'*' is the whole last segment, as in /users/*; for more there is path_regex")]
    [TestCase("/users*", "'*' is the whole last segment, as in /users/*; for more there is path_regex")]
    [TestCase("/trips/{id}.json", "'{id}.json': braces stand around a whole segment, as in /trips/{id}; for less there is path_regex")]
    [TestCase("/trips/{}", "'{}': braces stand around a whole segment, as in /trips/{id}; for less there is path_regex")]
    [TestCase("/trips/{a-b}", "the name in '{a-b}' is letters, digits and '_'")]
    [TestCase("/{id}/{id}", "{id} stands in it twice")]
    [TestCase("/a?b", "a path ends before '?' and '#'; for parameters there is 'query'")]
    [TestCase("/%61dmin", "paths are compared in one form, in which '%61dmin' is 'admin': write that")]
    [TestCase("/a b", "no path that is let pass has the segment 'a b'")]
    [TestCase("/größe", "paths are compared in one form, in which 'größe' is 'gr%C3%B6%C3%9Fe': write that")]
    [TestCase("/a/../b", "no path that is let pass has the segment '..'")]
    [TestCase("/a/./b", "no path that is let pass has the segment '.'")]
    [TestCase("/a%2fb", "no path that is let pass has the segment 'a%2fb'")]
    public void What_no_request_could_fit_is_an_error_with_advice(string text, string advice)
    {
        Assert.That(PathPattern.TryParse(text, out _, out var fault), Is.False);
        Assert.That(fault, Is.EqualTo(advice));
    }

    [Test]
    public void Has_bounds() => Assert.Multiple(() =>
    {
        Assert.That(PathPattern.TryParse(string.Concat(Enumerable.Repeat("/a", PathLimits.MostSegments)), out _, out _), Is.True);
        Assert.That(PathPattern.TryParse(string.Concat(Enumerable.Repeat("/a", PathLimits.MostSegments + 1)), out _, out var fault), Is.False);
        Assert.That(fault, Is.EqualTo("it has more than 64 segments"));
        Assert.That(PathPattern.TryParse(string.Concat(Enumerable.Range(0, PathLimits.MostCaptures).Select(at => $"/{{a{at}}}")), out _, out _), Is.True);
        Assert.That(PathPattern.TryParse(string.Concat(Enumerable.Range(0, PathLimits.MostCaptures + 1).Select(at => $"/{{a{at}}}")), out _, out fault), Is.False);
        Assert.That(fault, Is.EqualTo("it captures more than 16 segments"));
    });

    [TestCase("a{1e5", true)]
    [TestCase("(", false)]
    [TestCase("(?=a)b", false)]
    [TestCase(@"(a)\1", false)]
    [TestCase("/v[0-9]+/.*", true)]
    public void D4_a_regular_expression_needs_no_backtracking(string text, bool valid) =>
        Assert.That(PathPattern.TryParseRegex(text, out _, out _), Is.EqualTo(valid));

    [TestCase("/a", "/a", true)]
    [TestCase("/a", "/b", false)]
    [TestCase("/a", "/a/", false)]
    [TestCase("/{x}", "/", false)]
    [TestCase("/a/{x}", "/{y}/b", true)]
    [TestCase("/a/{x}/c", "/{y}/b/d", false)]
    [TestCase("/a/*", "/a", true)]
    [TestCase("/a/*", "/a/b/c", true)]
    [TestCase("/a/*", "/ab", false)]
    [TestCase("/a/{x}/*", "/a/", false)]
    [TestCase("/*", "/x", true)]
    public void Overlaps_where_one_path_fits_both(string one, string other, bool overlaps)
    {
        Assert.That(PathPattern.TryParse(one, out var left, out _), Is.True);
        Assert.That(PathPattern.TryParse(other, out var right, out _), Is.True);

        Assert.That((left.Overlaps(right), right.Overlaps(left)), Is.EqualTo((overlaps, overlaps)));
    }

    [Test]
    public void A_regular_expression_is_built_once_for_all_who_ask_for_it()
    {
        var text = new string("/v[0-9]+/.*".AsSpan());
        Assert.That(PathPattern.TryParseRegex(text, out var checkedOne, out _), Is.True);
        var route = new RouteOptions { PathRegex = text };

        Assert.That(PathPattern.Of(route).Regex, Is.SameAs(checkedOne.Regex));
        Assert.That(RouteMatch.Of([route, route with { Name = "again" }]).Select(match => match.Path.Regex), Is.All.SameAs(checkedOne.Regex));
    }
}
