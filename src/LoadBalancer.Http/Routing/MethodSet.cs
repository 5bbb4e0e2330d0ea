using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Routing;

/// <summary>Methods, or all of them. Immutable, thread-safe.</summary>
internal sealed class MethodSet
{
    // Sets that have a number for each of their methods, as nearly all have: by their bits, each made when it is first asked for.
    private static readonly MethodSet?[] OfKnown = new MethodSet?[1 << Enum.GetValues<RequestMethod>().Length];

    private readonly int _known;
    private readonly byte[][] _others;

    private MethodSet(int known, byte[][] others, bool isAll) => (_known, _others, IsAll) = (known, others, isAll);

    /// <summary>All methods.</summary>
    public static MethodSet All { get; } = new(0, [], true);

    /// <summary>No method.</summary>
    public static MethodSet None { get; } = new(0, [], false);

    /// <summary>True where it has every method.</summary>
    public bool IsAll { get; }

    /// <summary>True where it has none.</summary>
    public bool IsEmpty => !IsAll && _known == 0 && _others.Length == 0;

    /// <summary>The methods of a list, HEAD where it has GET; all for an empty list.</summary>
    public static MethodSet Of(ValueList<string> names)
    {
        if (names.Count == 0)
        {
            return All;
        }

        var known = 0;
        List<string>? others = null;
        for (var at = 0; at < names.Count; at++)
        {
            if (Find(names[at]) is var method && method != RequestMethod.Other)
            {
                known |= Bit(method) | (method == RequestMethod.Get ? Bit(RequestMethod.Head) : 0);
            }
            else if (others?.Contains(names[at]) != true)
            {
                (others ??= []).Add(names[at]);
            }
        }

        return others is null ? Of(known) : new MethodSet(known, [.. others.Select(Encoding.ASCII.GetBytes)], false);
    }

    /// <summary>Whether the request's method is one of them.</summary>
    public bool Contains(RequestHead head)
    {
        if (IsAll || head.Method != RequestMethod.Other)
        {
            return IsAll || (_known & Bit(head.Method)) != 0;
        }

        foreach (var other in _others)
        {
            if (head.MethodText.SequenceEqual(other))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>True where a method is in both.</summary>
    public bool Overlaps(MethodSet other) => IsAll ? !other.IsEmpty : other.IsAll ? !IsEmpty : (_known & other._known) != 0 || (_others.Length > 0 && _others.Any(other.HasOther));

    /// <summary>The methods that are not in <paramref name="other"/>; of all methods nothing is left out.</summary>
    public MethodSet Without(MethodSet other) => other.IsAll ? None
        : IsAll ? this
        : _others.Length == 0 ? Of(_known & ~other._known)
        : new MethodSet(_known & ~other._known, [.. _others.Where(method => !other.HasOther(method))], false);

    /// <summary>True where each of its methods has a number: then <see cref="Known"/> is all of it, and there is one such set.</summary>
    public bool IsKnown => !IsAll && _others.Length == 0;

    /// <summary>Those of its methods that have a number, a bit for each.</summary>
    public int Known => _known;

    /// <summary>Appends methods to the field that is begun, as Allow has them (RFC 9110, section 10.2.1): <c>GET, HEAD</c>.</summary>
    /// <param name="known">As <see cref="Known"/>, of one set or of several.</param>
    /// <param name="fields">The list.</param>
    public static void AppendKnown(int known, HeaderList fields)
    {
        for (var method = 0; method < Texts.Length; method++)
        {
            if ((known & Bit((RequestMethod)method)) != 0)
            {
                Append(fields, Texts[method]);
            }
        }
    }

    /// <summary>Appends its other methods, those that are not there yet.</summary>
    public void AppendOthers(HeaderList fields)
    {
        foreach (var other in _others)
        {
            if (!IsListed(fields.BegunValue, other))
            {
                Append(fields, other);
            }
        }
    }

    /// <summary>The methods as a list, such as <c>GET, HEAD</c>.</summary>
    public override string ToString()
    {
        if (IsAll)
        {
            return "every method";
        }

        var fields = new HeaderList();
        fields.BeginField("Allow"u8);
        AppendKnown(_known, fields);
        AppendOthers(fields);
        return Encoding.ASCII.GetString(fields.BegunValue);
    }

    // By number; Other has none.
    private static readonly string[] Names = [.. Enum.GetValues<RequestMethod>().Select(method => method == RequestMethod.Other ? "" : method.ToString().ToUpperInvariant())];

    private static readonly byte[][] Texts = [.. Names.Select(Encoding.ASCII.GetBytes)];

    private static void Append(HeaderList fields, ReadOnlySpan<byte> method)
    {
        if (!fields.BegunValue.IsEmpty)
        {
            fields.Append(", "u8);
        }

        fields.Append(method);
    }

    private static bool IsListed(ReadOnlySpan<byte> list, ReadOnlySpan<byte> method)
    {
        foreach (var range in list.Split(", "u8))
        {
            if (list[range].SequenceEqual(method))
            {
                return true;
            }
        }

        return false;
    }

    private static MethodSet Of(int known) => OfKnown[known] ??= new MethodSet(known, [], false);

    private static int Bit(RequestMethod method) => 1 << (int)method;

    private static RequestMethod Find(string name) =>
        (RequestMethod)Math.Max(0, Array.IndexOf(Names, name));

    private bool HasOther(byte[] method) => _others.Any(other => other.AsSpan().SequenceEqual(method));
}
