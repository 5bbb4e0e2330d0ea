using LoadBalancer.Configuration;

namespace LoadBalancer.Tests.Configuration;

/// <summary>Options inside <see cref="LampOptions"/>.</summary>
internal sealed record BulbOptions : IConfigurable<BulbOptions>
{
    public static Shape<BulbOptions> Shape { get; } = new("bulb", "A bulb.", "{watts: 3}", () => new())
    {
        { "watts", Kinds.Integer(1, 100), o => o.Watts, (o, value) => o with { Watts = value }, "Its power." },
        { "clear", Kinds.Boolean, o => o.Clear, (o, value) => o with { Clear = value }, "True for clear glass." },
    };

    public int Watts { get; init; } = 7;

    public bool Clear { get; init; }
}
