using LoadBalancer.Http.Server;
using LoadBalancer.Http.Server.Http1;

namespace LoadBalancer.Http.Tests.Server.Http1;

public sealed class FieldLinesTests
{
    [Test]
    public void Takes_the_bytes_that_a_name_and_a_value_may_have_wherever_they_stand([Values(0, 1, 14, 15, 16, 17, 31, 32, 50)] int before)
    {
        for (var code = 0; code < 256; code++)
        {
            var letter = (char)code;
            Assert.That(
                IsTaken($"{new string('a', before)}{letter}b: c"), Is.EqualTo(FieldText.IsToken([(byte)code]) || (letter == ':' && before > 0)), $"name {code}");
            Assert.That(IsTaken($"a: {new string('b', before)}{letter}c"), Is.EqualTo(FieldText.IsValue([(byte)code])), $"value {code}");
        }
    }

    [TestCase("a: b", "b", true)]
    [TestCase("a:b", "b", false)]
    [TestCase("a:  b", "b", false)]
    [TestCase("a:\tb", "b", false)]
    [TestCase("a: b ", "b", false)]
    [TestCase("a: b\t", "b", false)]
    [TestCase("a: b c", "b c", true)]
    [TestCase("a:", "", false)]
    [TestCase("a: ", "", false)]
    [TestCase("a: \t ", "", false)]
    [TestCase("a: :", ":", true)]
    public void Knows_a_value_without_white_space_around_it(string line, string value, bool verbatim)
    {
        var list = new HeaderList();
        Heads.Bytes(line + "\r\n\r\n").FirstSpan.CopyTo(list.Reserve(line.Length + 4));

        Assert.That(FieldLines.TryParse(list, 0, line.Length + 4));
        Assert.That((Heads.Text(list.Value(0)), list[0].Verbatim), Is.EqualTo((value, verbatim)));
    }

    private static bool IsTaken(string line)
    {
        var list = new HeaderList();
        Heads.Bytes(line + "\r\n\r\n").FirstSpan.CopyTo(list.Reserve(line.Length + 4));
        return FieldLines.TryParse(list, 0, line.Length + 4);
    }
}
