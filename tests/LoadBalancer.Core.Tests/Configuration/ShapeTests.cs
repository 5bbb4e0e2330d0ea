using LoadBalancer.Configuration;

namespace LoadBalancer.Tests.Configuration;

internal sealed class ShapeTests
{
    [Test]
    public void Reads_every_key_into_its_property()
    {
        var (lamp, errors) = Read(Node.Map(
            "lamp", ("color", "red"), ("dim", "20%"), ("off_after", "5m"), ("bulb", new[] { ("watts", (object)"9"), ("clear", "true") }), ("rooms", new object[] { "attic", "hall" })));

        Assert.Multiple(() =>
        {
            Assert.That(errors, Is.Empty);
            Assert.That(lamp, Is.EqualTo(new LampOptions
            {
                Color = "red",
                Dim = 0.2,
                OffAfter = TimeSpan.FromMinutes(5),
                Bulb = new BulbOptions { Watts = 9, Clear = true },
                Rooms = ["attic", "hall"],
            }));
        });
    }

    [Test]
    public void Takes_what_is_not_written_from_the_record_s_own_initializers()
    {
        var (lamp, errors) = Read(Node.Map("lamp", ("color", "red")));

        Assert.Multiple(() =>
        {
            Assert.That(errors, Is.Empty);
            Assert.That(lamp, Is.EqualTo(new LampOptions { Color = "red" }));
        });
    }

    [Test]
    public void Prints_the_default_that_the_initializer_states()
    {
        var defaults = LampOptions.Shape.Keys.ToDictionary(key => key.Name, key => key.Default);

        Assert.That(defaults, Is.EquivalentTo(new Dictionary<string, string?>
        {
            ["color"] = null,
            ["dim"] = "50%",
            ["off_after"] = "never",
            ["spare"] = "none",
            ["bulb"] = null,
            ["rooms"] = "hall",
        }));
    }

    [Test]
    public void Reports_every_key_that_is_left_over_with_the_nearest_known_one()
    {
        var (_, errors) = Read(Node.Map("lamp", ("colour", "red"), ("dim", "1%"), ("wheels", "4")));

        Assert.That(errors, Is.EqualTo(new[]
        {
            "lb.yaml:2:1: unknown key 'colour' in lamp; did you mean 'color'?",
            "lb.yaml:4:1: unknown key 'wheels' in lamp; it has color, dim, off_after, spare, bulb, rooms",
        }));
    }

    [Test]
    public void Reports_a_required_key_that_is_missing() =>
        Assert.That(Read(Node.Map("lamp", ("dim", "1%"))).Errors, Is.EqualTo(new[] { "lb.yaml:1:1: 'lamp' needs the key 'color': one of red, green" }));

    [Test]
    public void Does_not_report_a_missing_key_beside_an_unknown_one_that_may_be_meant_for_it() =>
        Assert.That(Read(Node.Map("lamp", ("colr", "red"))).Errors, Has.Length.EqualTo(1));

    [Test]
    public void Reports_all_errors_of_all_keys_at_once()
    {
        var (lamp, errors) = Read(Node.Map("lamp", ("color", "blue"), ("dim", "3"), ("bulb", new[] { ("watts", (object)"0") }), ("rooms", "a b")));

        Assert.Multiple(() =>
        {
            Assert.That(errors, Has.Length.EqualTo(4));
            Assert.That(lamp.Dim, Is.EqualTo(new LampOptions { Color = "" }.Dim), "a value with an error keeps its default");
        });
    }

    [Test]
    public void Reads_a_plain_value_as_the_key_of_the_short_form()
    {
        var (lamp, errors) = Read(Node.Of("green"));

        Assert.Multiple(() =>
        {
            Assert.That(errors, Is.Empty);
            Assert.That(lamp, Is.EqualTo(new LampOptions { Color = "green" }));
        });
    }

    [Test]
    public void Refuses_a_plain_value_where_there_is_no_short_form() =>
        Assert.That(Read(Node.Map("lamp", ("color", "red"), ("bulb", "9"))).Errors, Is.EqualTo(new[] { "lb.yaml:1:1: 'bulb' expects a map with the keys watts, clear, not '9'" }));

    [Test]
    public void Takes_a_key_without_a_value_as_a_map_without_keys()
    {
        var (lamp, errors) = Read(Node.Map("lamp", ("color", "red"), ("bulb", ""), ("spare", "")));

        Assert.Multiple(() =>
        {
            Assert.That(errors, Is.Empty);
            Assert.That(lamp.Bulb, Is.EqualTo(new BulbOptions()));
            Assert.That(lamp.Spare, Is.EqualTo(new BulbOptions()));
        });
    }

    [Test]
    public void Refuses_a_key_without_a_value_where_a_text_is_expected() =>
        Assert.That(Read(Node.Map("lamp", ("color", ""))).Errors, Is.EqualTo(new[] { "lb.yaml:1:1: 'color' expects one of red, green, not nothing" }));

    [Test]
    public void Merges_a_map_key_by_key_over_what_it_starts_from_and_replaces_a_list()
    {
        var start = new LampOptions { Color = "green", Bulb = new BulbOptions { Watts = 40, Clear = true }, Rooms = ["attic", "cellar"] };
        var shape = LampOptions.Shape.StartingFrom(start);

        var lamp = Kinds.Record(shape).Read(Node.Map("lamp", ("color", "red"), ("bulb", new[] { ("watts", (object)"9") }), ("rooms", "hall")), shape.Blank(), new ConfigReader());

        Assert.That(lamp, Is.EqualTo(new LampOptions { Color = "red", Bulb = new BulbOptions { Watts = 9, Clear = true }, Rooms = ["hall"] }));
    }

    [Test]
    public void Reads_through_the_record_s_own_interface() =>
        Assert.That(Parse<LampOptions>(Node.Of("red")), Is.EqualTo(new LampOptions { Color = "red" }));

    private static T Parse<T>(ConfigNode node)
        where T : IConfigurable<T> => T.Parse(node, new ConfigReader());

    private static (LampOptions Lamp, string[] Errors) Read(ConfigNode node)
    {
        var reader = new ConfigReader();
        var lamp = Kinds.Record(LampOptions.Shape).Read(node, LampOptions.Shape.Blank(), reader);
        return (lamp, [.. reader.Errors.Select(error => error.ToString())]);
    }
}
