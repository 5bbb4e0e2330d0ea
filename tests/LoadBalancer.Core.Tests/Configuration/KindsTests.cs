using LoadBalancer.Configuration;

namespace LoadBalancer.Tests.Configuration;

internal sealed class KindsTests
{
    [TestCase("-1", true)]
    [TestCase("-90", true)]
    [TestCase("0", true)]
    [TestCase("7", true)]
    [TestCase("-0", false)]
    [TestCase("-07", false)]
    [TestCase("+7", false)]
    [TestCase("-", false)]
    [TestCase("-100", false)]
    public void A_number_below_zero_has_a_minus_where_it_may_be_one(string text, bool isOne)
    {
        var reader = new ConfigReader();
        var value = Kinds.Integer(-99, 99).Read(Node.Of(text), 1000, reader);
        Assert.That((reader.Errors.Count == 0, value), Is.EqualTo((isOne, isOne ? int.Parse(text, System.Globalization.CultureInfo.InvariantCulture) : 1000)));
    }

    [Test]
    public void A_list_takes_one_item_by_itself() => Assert.That(Read(Kinds.List(Kinds.Integer(1, 9)), "7"), Is.EqualTo(new ValueList<int>([7])));

    [Test]
    public void A_list_reads_its_items_in_order() =>
        Assert.That(Read(Kinds.List(Kinds.Integer(1, 9)), new object[] { "7", "1" }), Is.EqualTo(new ValueList<int>([7, 1])));

    [Test]
    public void A_list_reports_every_item_that_is_wrong_and_keeps_the_others()
    {
        var reader = new ConfigReader();

        var list = Kinds.List(Kinds.Integer(1, 9)).Read(Node.Of(new object[] { "7", "x", "0", "1" }), default, reader);

        Assert.Multiple(() =>
        {
            Assert.That(list, Is.EqualTo(new ValueList<int>([7, 1])));
            Assert.That(reader.Errors, Has.Count.EqualTo(2));
        });
    }

    [TestCase("")]
    public void A_list_is_not_nothing(string text) =>
        Assert.That(Error(Kinds.List(Kinds.Integer(1, 9)), text), Is.EqualTo("'lamp' expects a whole number from 1 to 9, or a list of them, not nothing"));

    [Test]
    public void A_list_is_not_empty() =>
        Assert.That(Error(Kinds.List(Kinds.Integer(1, 9)), Array.Empty<object>()), Is.EqualTo("'lamp' needs at least one item: a whole number from 1 to 9"));

    [Test]
    public void A_word_stands_for_its_value()
    {
        var kind = Kinds.Integer(1, 9).Or("auto", 0);

        Assert.Multiple(() =>
        {
            Assert.That(Read(kind, "auto"), Is.Zero);
            Assert.That(Read(kind, "3"), Is.EqualTo(3));
            Assert.That(kind.Print(0), Is.EqualTo("auto"));
            Assert.That(kind.Print(3), Is.EqualTo("3"));
            Assert.That(Error(kind, "0"), Is.EqualTo("'lamp' expects auto or a whole number from 1 to 9, not '0'"));
            Assert.That(Error(kind, "atuo"), Does.EndWith("; did you mean 'auto'?"));
        });
    }

    [Test]
    public void Several_words_are_listed_before_the_kind() =>
        Assert.That(Error(Kinds.FilePath.Or("stdout", "stdout").Or("off", "off"), "x"), Does.StartWith("'lamp' expects off, stdout or an absolute path such as /var/log"));

    [TestCase("on", "for its defaults write {}")]
    [TestCase("false", "write off")]
    public void A_record_that_may_be_off_says_what_to_write_for_on_and_false(string text, string advice) =>
        Assert.That(Error(Kinds.Record(BulbOptions.Shape).OrNull("off"), text), Does.EndWith("; " + advice));

    [Test]
    public void A_map_keeps_records_by_name_and_those_with_errors_too()
    {
        var reader = new ConfigReader();
        var node = Node.Map("lamps", ("a", "red"), ("b", "blue"), ("c", new[] { ("color", (object)"green"), ("dim", "1%") }));

        var map = Kinds.Map("lamp", LampOptions.Shape).Read(node, ValueMap<LampOptions>.Empty, reader);

        Assert.Multiple(() =>
        {
            Assert.That(map.Keys, Is.EqualTo(new[] { "a", "b", "c" }));
            Assert.That(map["c"].Dim, Is.EqualTo(0.01));
            Assert.That(reader.Errors, Has.Count.EqualTo(1));
        });
    }

    [TestCase("a b")]
    [TestCase("-a")]
    [TestCase("a/b")]
    [TestCase("ü")]
    [TestCase("a\n")]
    [TestCase("0123456789012345678901234567890123456789012345678901234567890123456789")]
    public void A_name_needs_no_quoting_anywhere(string name)
    {
        var reader = new ConfigReader();

        Kinds.Map("lamp", LampOptions.Shape).Read(Node.Map("lamps", (name, "red")), ValueMap<LampOptions>.Empty, reader);

        Assert.That(reader.Errors.Single().Message, Does.StartWith("the name of a lamp is letters, digits, '_', '-' and '.', at most 64 of them, not '"));
    }

    [TestCase("true", true)]
    [TestCase("false", false)]
    public void A_boolean_is_true_or_false(string text, bool value) => Assert.That(Read(Kinds.Boolean, text), Is.EqualTo(value));

    [TestCase("on", "; write true")]
    [TestCase("No", "; write false")]
    [TestCase("1", "")]
    public void A_boolean_is_nothing_else(string text, string advice) => Assert.That(Error(Kinds.Boolean, text), Is.EqualTo($"'lamp' expects true or false, not '{text}'{advice}"));

    [Test]
    public void Says_what_was_found_instead() => Assert.Multiple(() =>
    {
        Assert.That(Error(Kinds.Boolean, Array.Empty<object>()), Does.EndWith("not a list"));
        Assert.That(Error(Kinds.Boolean, Array.Empty<(string, object)>()), Does.EndWith("not a map"));
        Assert.That(Error(Kinds.Boolean, ""), Does.EndWith("not nothing"));
    });

    [Test]
    public void An_error_quotes_the_reference_and_never_what_it_stands_for()
    {
        var reader = new ConfigReader((_, _) => new ScalarText("hunter2:localhost"));

        Kinds.EndpointAddress.Read(Node.Of("${env:SECRET}"), null!, reader);

        Assert.That(reader.Errors.Single().Message, Does.EndWith("not '${env:SECRET}'").And.Not.Contain("hunter2").And.Not.Contain("localhost"));
    }

    private static T Read<T>(Kind<T> kind, object value)
    {
        var reader = new ConfigReader();
        var read = kind.Read(Node.Of(value), default!, reader);
        Assert.That(reader.Errors, Is.Empty);
        return read;
    }

    private static string Error<T>(Kind<T> kind, object value)
    {
        var reader = new ConfigReader();
        kind.Read(Node.Of(value), default!, reader);
        return reader.Errors.Single().Message;
    }
}
