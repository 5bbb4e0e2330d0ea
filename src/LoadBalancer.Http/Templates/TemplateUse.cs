namespace LoadBalancer.Http.Templates;

/// <summary>Where a template is rendered into, and so which bytes a variable may bring along: what has a meaning there is encoded.</summary>
internal enum TemplateUse : byte
{
    /// <summary>The value of a field. A control character has no place there, and no encoding either.</summary>
    Field,

    /// <summary>A path.</summary>
    Path,

    /// <summary>The value of a parameter of a query.</summary>
    QueryValue,

    /// <summary>A URL.</summary>
    Location,

    /// <summary>Plain text.</summary>
    Text,

    /// <summary>HTML or XML, in text or in quotes.</summary>
    Html,

    /// <summary>JSON, within a string.</summary>
    Json,

    /// <summary>A text that is compared with another and sent to nobody: of what the path says, the percent-encoding is undone.</summary>
    Comparison,
}
