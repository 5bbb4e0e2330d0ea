using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Templates;

namespace LoadBalancer.Http.Policies.Headers;

/// <summary>A field whose value is a template. Immutable and thread-safe.</summary>
internal sealed class FieldTemplate
{
    private readonly byte[] _name;
    private readonly KnownHeader _known;
    private readonly Template _value;

    private FieldTemplate(string name, string value, IReadOnlyList<string> captures)
    {
        _name = Encoding.ASCII.GetBytes(name);
        _known = KnownHeaders.Find(_name);
        _value = Template.Parse(value, captures);
    }

    /// <summary>Which field it is.</summary>
    public KnownHeader Known => _known;

    /// <summary>The fields of a map from names to templates.</summary>
    public static FieldTemplate[] Of(ValueMap<string> fields, IReadOnlyList<string> captures) =>
        [.. fields.Select(field => new FieldTemplate(field.Key, field.Value, captures))];

    /// <summary>
    /// Adds the field to <paramref name="to"/>. A value that comes out empty is no field: it is how a variable without a value ends.
    /// </summary>
    /// <param name="exchange">The exchange; on its loop.</param>
    /// <param name="to">The fields of its request or response.</param>
    /// <param name="replace">True where other fields of the name go.</param>
    /// <returns><see cref="FaultKind.None"/>, or why nothing was changed.</returns>
    public FaultKind AddTo(Exchange exchange, HeaderList to, bool replace)
    {
        to.BeginField(_name);
        var fault = _value.Append(exchange, to, TemplateUse.Field);
        var isEmpty = to.BegunValue.IsEmpty;
        if (replace && fault == FaultKind.None)
        {
            to.Remove(_name);
        }

        if (fault != FaultKind.None || isEmpty)
        {
            to.CancelField();
        }
        else
        {
            to.EndField(_known);
        }

        return fault;
    }
}
