using LoadBalancer.Configuration;

namespace LoadBalancer.Tests.Configuration;

/// <summary>Options of no real thing, with a key of every kind of presence.</summary>
internal sealed record LampOptions : IConfigurable<LampOptions>
{
    public static Shape<LampOptions> Shape { get; } = new("lamp", "A lamp.", "{color: red}", () => new() { Color = null! }, shortForm: "color")
    {
        { "color", Kinds.Word("red", "green"), o => o.Color, (o, value) => o with { Color = value }, "Its color.", Presence.Required },
        { "dim", Kinds.Percent("0%", "100%"), o => o.Dim, (o, value) => o with { Dim = value }, "Its brightness." },
        { "off_after", Kinds.Duration("1s", "1h").OrNothing("never"), o => o.OffAfter, (o, value) => o with { OffAfter = value }, "When it goes out." },
        { "spare", Kinds.Record(BulbOptions.Shape).OrNull("none"), o => o.Spare, (o, value) => o with { Spare = value }, "Its spare bulb." },
        { "bulb", Kinds.Record(BulbOptions.Shape), o => o.Bulb, (o, value) => o with { Bulb = value }, "Its bulb." },
        { "rooms", Kinds.List(Kinds.Name("the name of a room")), o => o.Rooms, (o, value) => o with { Rooms = value }, "Where it may stand." },
    };

    public required string Color { get; init; }

    public double Dim { get; init; } = 0.5;

    public TimeSpan? OffAfter { get; init; }

    public BulbOptions? Spare { get; init; }

    public BulbOptions Bulb { get; init; } = new();

    public ValueList<string> Rooms { get; init; } = ["hall"];
}
