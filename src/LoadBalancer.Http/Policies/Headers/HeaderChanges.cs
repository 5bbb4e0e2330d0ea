using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Policies.Headers;

/// <summary>Fields that are removed, then set, then added; see <see cref="HeaderChangesOptions"/>. Immutable and thread-safe.</summary>
internal sealed class HeaderChanges
{
    private readonly byte[][] _removed;
    private readonly FieldTemplate[] _set;
    private readonly FieldTemplate[] _added;

    /// <summary>What the file says.</summary>
    public HeaderChanges(HeaderChangesOptions options, IReadOnlyList<string> captures)
    {
        _removed = [.. options.Remove.Select(Encoding.ASCII.GetBytes)];
        _set = FieldTemplate.Of(options.Set, captures);
        _added = FieldTemplate.Of(options.Add, captures);
    }

    /// <summary>Changes the fields of a request or a response.</summary>
    /// <returns>The first fault; the others are changed as they should be.</returns>
    public FaultKind Apply(Exchange exchange, HeaderList fields)
    {
        foreach (var name in _removed)
        {
            fields.Remove(name);
        }

        var first = FaultKind.None;
        foreach (var field in _set)
        {
            first = First(first, field.AddTo(exchange, fields, replace: true));
        }

        foreach (var field in _added)
        {
            first = First(first, field.AddTo(exchange, fields, replace: false));
        }

        return first;
    }

    private static FaultKind First(FaultKind first, FaultKind next) => first == FaultKind.None ? next : first;
}
