using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Templates;

namespace LoadBalancer.Http.Policies.Rewrite;

/// <summary>
/// Changes the path and the query that the endpoint gets: <c>rewrite</c>. The request keeps its own, for the log and whoever asks later. A
/// prefix that is taken off is told in X-Forwarded-Prefix, from which frameworks make their links.
/// </summary>
internal sealed class RewritePolicy : HttpPolicy
{
    private readonly byte[]? _prefix;
    private readonly Template? _path;
    private readonly byte[][] _removed;
    private readonly (byte[] Name, byte[] Written, Template Value)[] _set;

    private RewritePolicy(RewriteOptions options, IReadOnlyList<string> captures)
    {
        _prefix = options.StripPrefix is { } prefix && prefix.TrimEnd('/') is { Length: > 0 } stripped ? Encoding.ASCII.GetBytes(stripped) : null;
        _path = options.Path is { } path ? Template.Parse(path, captures) : null;
        _set = [.. options.Query.Set.Select(entry =>
            (Encoding.UTF8.GetBytes(entry.Key), Encoding.ASCII.GetBytes(Uri.EscapeDataString(entry.Key)), Template.Parse(entry.Value, captures)))];
        _removed = [.. options.Query.Remove.Select(Encoding.UTF8.GetBytes), .. _set.Select(entry => entry.Name)];
    }

    /// <inheritdoc/>
    public override string Key => "rewrite";

    /// <summary>The policy, or null where nothing is rewritten.</summary>
    public static RewritePolicy? Create(PolicyBuild build) =>
        build.Options.Rewrite is { } options ? new RewritePolicy(options, build.Captures) : null;

    /// <inheritdoc/>
    public override ValueTask<PolicyOutcome> OnRequestAsync(Exchange exchange)
    {
        var fault = _prefix is not null ? Strip(exchange) : FaultKind.None;
        if (fault == FaultKind.None && _path is not null)
        {
            fault = WritePath(exchange);
        }

        if (fault == FaultKind.None && _removed.Length > 0)
        {
            fault = WriteQuery(exchange);
        }

        return new(fault == FaultKind.None ? PolicyOutcome.Changed : PolicyOutcome.Refuse(fault));
    }

    private FaultKind Strip(Exchange exchange)
    {
        var request = exchange.Request;
        var path = request.Path;
        if (!path.StartsWith(_prefix))
        {
            return FaultKind.None;
        }

        var rest = path[_prefix!.Length..];
        if (rest.Length > 0 && rest[0] != '/')
        {
            // Not our segment. A dot right behind the prefix is somebody's hope that we cut there.
            return rest[0] == '.' ? FaultKind.PathInvalid : FaultKind.None;
        }

        exchange.ForwardedPathSlice = rest.Length > 0
            ? new Slice(request.PathSlice.Start + _prefix.Length, rest.Length)
            : new Slice(request.PathSlice.Start, 1);
        var before = request.Fields.Joined(KnownHeader.XForwardedPrefix);
        request.Fields.Remove(KnownHeader.XForwardedPrefix);
        request.Fields.BeginField("X-Forwarded-Prefix"u8);
        request.Fields.Append(before.Of(request.Fields));
        request.Fields.Append(_prefix);
        request.Fields.EndField(KnownHeader.XForwardedPrefix);
        return FaultKind.None;
    }

    private FaultKind WritePath(Exchange exchange)
    {
        var fields = exchange.Request.Fields;
        var start = fields.Bytes.Length;
        var fault = _path!.Append(exchange, fields, TemplateUse.Path);
        var path = fields.Bytes[start..];
        exchange.ForwardedPathSlice = new Slice(start, path.Length);
        return fault != FaultKind.None ? fault
            : path.Length == 0 || path[0] != '/' || path.StartsWith("//"u8) || HasDots(path) ? FaultKind.PathInvalid
            : FaultKind.None;
    }

    private FaultKind WriteQuery(Exchange exchange)
    {
        var fields = exchange.Request.Fields;
        var start = fields.Bytes.Length;
        var rest = exchange.Request.Query;
        while (rest.Length > 0)
        {
            var end = rest.IndexOf((byte)'&');
            var pair = end < 0 ? rest : rest[..end];
            rest = end < 0 ? default : rest[(end + 1)..];
            if (pair.Length > 0 && !IsRemoved(pair))
            {
                Divide(fields, start);
                fields.Append(pair);
            }
        }

        foreach (var (_, written, value) in _set)
        {
            Divide(fields, start);
            fields.Append(written);
            fields.Append("="u8);
            if (value.Append(exchange, fields, TemplateUse.QueryValue) is var fault and not FaultKind.None)
            {
                return fault;
            }
        }

        exchange.ForwardedQuerySlice = new Slice(start, fields.Bytes.Length - start);
        return FaultKind.None;
    }

    private bool IsRemoved(ReadOnlySpan<byte> pair)
    {
        var equals = pair.IndexOf((byte)'=');
        var name = equals < 0 ? pair : pair[..equals];
        foreach (var removed in _removed)
        {
            if (QueryText.DecodesTo(name, removed))
            {
                return true;
            }
        }

        return false;
    }

    private static void Divide(HeaderList fields, int start)
    {
        if (fields.Bytes.Length > start)
        {
            fields.Append("&"u8);
        }
    }

    // What a variable brought along could climb out of the path that the file wrote.
    private static bool HasDots(ReadOnlySpan<byte> path)
    {
        for (var at = path.IndexOf("/."u8); at >= 0;)
        {
            path = path[(at + 2)..];
            if (path.Length > 0 && path[0] == '.')
            {
                path = path[1..];
            }

            if (path.Length == 0 || path[0] is (byte)'/' or (byte)';')
            {
                return true;
            }

            at = path.IndexOf("/."u8);
        }

        return false;
    }
}
