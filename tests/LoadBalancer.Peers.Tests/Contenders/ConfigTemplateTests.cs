using LoadBalancer.Peers.Contenders;

namespace LoadBalancer.Peers.Tests.Contenders;

internal sealed class ConfigTemplateTests
{
    private static readonly Dictionary<string, string> Values = new() { ["echo.port"] = "1234" };
    private static readonly Dictionary<string, IReadOnlyList<string>> Lists = new() { ["echo.endpoint"] = ["a:1", "b:2"] };

    [Test]
    public void Puts_a_value_where_it_is_named() =>
        Assert.That(ConfigTemplate.Fill("bind :{{echo.port}};\nend", Values, Lists), Is.EqualTo("bind :1234;\nend"));

    [Test]
    public void Repeats_a_line_for_each_item_of_its_list() =>
        Assert.That(
            ConfigTemplate.Fill("servers\n  s{{n}} {{echo.endpoint}} {{echo.port}}\nend", Values, Lists),
            Is.EqualTo("servers\n  s1 a:1 1234\n  s2 b:2 1234\nend"));

    [Test]
    public void Leaves_out_a_line_whose_list_is_empty() =>
        Assert.That(
            ConfigTemplate.Fill("log\n  file {{access.log}}\nend", Values, new Dictionary<string, IReadOnlyList<string>> { ["access.log"] = [] }),
            Is.EqualTo("log\nend"));

    [Test]
    public void Refuses_a_name_without_a_value() =>
        Assert.That(() => ConfigTemplate.Fill("{{ech.port}}", Values, Lists), Throws.TypeOf<KeyNotFoundException>());
}
