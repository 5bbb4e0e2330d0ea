using LoadBalancer.Configuration;
using LoadBalancer.Faults;
using LoadBalancer.Http.Policies.Headers;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Templates;

namespace LoadBalancer.Http.Responses;

/// <summary>The fields and the body of a response that the file has written. Immutable and thread-safe.</summary>
internal sealed class OwnContent
{
    private const string ContentType = "Content-Type";

    private readonly FieldTemplate[] _fields;
    private readonly Template? _template;
    private readonly TemplateUse _use;
    private readonly byte[] _body = [];
    private readonly bool _hasType;

    /// <summary>What the file says.</summary>
    /// <param name="body">The body, a template; null for none.</param>
    /// <param name="headers">The fields, templates.</param>
    /// <param name="captures">What the route's path captures, in its order.</param>
    public OwnContent(string? body, ValueMap<string> headers, IReadOnlyList<string> captures)
    {
        _fields = FieldTemplate.Of(headers, captures);
        var type = headers.FirstOrDefault(header => header.Key.Equals(ContentType, StringComparison.OrdinalIgnoreCase)).Value;
        _hasType = type is not null;
        _use = UseOf(type ?? "");
        var template = Template.Parse(body ?? "", captures);
        if (template.IsConstant)
        {
            _body = [.. template.Parts.ToArray().SelectMany(part => part.Text)];
        }
        else
        {
            _template = template;
        }
    }

    /// <summary>Puts them into the exchange's response, whose status is set.</summary>
    /// <returns>Why the request is refused; the response is not to be sent then.</returns>
    public FaultKind Fill(Exchange exchange)
    {
        var fields = exchange.Response.Fields;
        foreach (var field in _fields)
        {
            if (field.AddTo(exchange, fields, replace: false) is var fault and not FaultKind.None)
            {
                return fault;
            }
        }

        exchange.OwnBody = _body;
        if (_template is not null)
        {
            var start = fields.Bytes.Length;
            if (_template.Append(exchange, fields, _use) is var fault and not FaultKind.None)
            {
                return fault;
            }

            exchange.OwnBody = fields.Memory(new Slice(start, fields.Bytes.Length - start));
        }

        if (!_hasType && exchange.OwnBody.Length > 0)
        {
            fields.Add(KnownHeader.ContentType, "Content-Type"u8, "text/plain; charset=utf-8"u8);
        }

        return FaultKind.None;
    }

    // A page shows what a client sent as text, not as part of itself.
    private static TemplateUse UseOf(string type) =>
        type.Contains("html", StringComparison.OrdinalIgnoreCase) || type.Contains("xml", StringComparison.OrdinalIgnoreCase) ? TemplateUse.Html
        : type.Contains("json", StringComparison.OrdinalIgnoreCase) ? TemplateUse.Json
        : TemplateUse.Text;
}
