using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Templates;

/// <summary>One part of a template.</summary>
/// <param name="Variable">What it stands for.</param>
/// <param name="Text">Its text, or the name of the field that it stands for.</param>
/// <param name="Known">The field's number.</param>
/// <param name="Capture">Which capture it stands for, from 0.</param>
/// <param name="Claim">The name of the claim that it stands for; null for no claim.</param>
internal readonly record struct TemplatePart(TemplateVariable Variable, byte[] Text, KnownHeader Known = KnownHeader.Other, int Capture = 0, string? Claim = null);
