using System.Net;
using LoadBalancer.Configuration.Values;

namespace LoadBalancer.Configuration;

/// <summary>The kinds of values in the language: the table of contents.</summary>
public static class Kinds
{
    internal const string TokenPattern = "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}";
    private const string HostPattern = "[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?";

    /// <summary><c>true</c> or <c>false</c>.</summary>
    public static Kind<bool> Boolean { get; } = new BooleanKind();

    /// <summary>An absolute path in the file system.</summary>
    public static Kind<string> FilePath { get; } = new TextKind("an absolute path", "/var/log/lb/access.json", "/.+");

    /// <summary>A path or a pattern of files, relative to the file that holds it.</summary>
    public static Kind<string> FilePattern { get; } = new TextKind("a path or a pattern of files", "upstreams.d/*.yaml", ".+");

    /// <summary>A secret, given by a reference and printed nowhere.</summary>
    public static Kind<Secret> Secret { get; } = new SecretKind();

    /// <summary>A listener's address: <c>":8080"</c> is every IPv4 address, <c>"[::]:8080"</c> every IPv6 address, port 0 a free port.</summary>
    public static Kind<EndPoint> BindAddress { get; } = new AddressKind(AddressUse.Bind);

    /// <summary>An endpoint's address: an IP address and a port, or a Unix socket.</summary>
    public static Kind<EndPoint> EndpointAddress { get; } = new AddressKind(AddressUse.Endpoint);

    /// <summary>A network in CIDR form, or one IP address.</summary>
    public static Kind<IPNetwork> Network { get; } = new NetworkKind();

    /// <summary>A name server's address: an IP address, and a port where it is not 53.</summary>
    public static Kind<EndPoint> NameServerAddress { get; } = new AddressKind(AddressUse.NameServer);

    /// <summary>A name to look up, and a port: <c>orders.internal:8000</c>.</summary>
    public static Kind<NameWithPort> NameWithPort { get; } = new NameWithPortKind();

    /// <summary>At most so many in any window: <c>50/s</c>, <c>60/min</c>, <c>1000/h</c>.</summary>
    public static Kind<Rate> Rate { get; } = new RateKind();

    /// <summary>At most so many in a calendar period: <c>1000/day</c>, <c>50000/month</c>.</summary>
    public static Kind<Quota> Quota { get; } = new QuotaKind();

    /// <summary>A moment of RFC 3339: <c>2027-01-31T12:00:00Z</c>, or with an offset.</summary>
    public static Kind<DateTimeOffset> Timestamp { get; } = new TimestampKind();

    /// <summary>A host name, as certificates and SNI have it (RFC 1123).</summary>
    public static Kind<string> HostName { get; } = new TextKind("a host name", "orders.internal", HostPattern);

    /// <summary>A host name or IP address with or without a port, as the Host header has it.</summary>
    public static Kind<string> HostHeader { get; } = new TextKind("a host with or without a port", "orders.internal", @"(" + HostPattern + @"|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?");

    /// <summary>The path of an HTTP request, and its query where there is one.</summary>
    public static Kind<string> RequestPath { get; } = new TextKind("a path", "/healthz", @"/[!-""$-~]*");

    /// <summary>An absolute URL of HTTP, without a user and without a fragment.</summary>
    public static Kind<string> HttpUrl { get; } = new TextKind("a URL that begins with https:// or http://", "https://issuer.example.com/keys", @"https?://[A-Za-z0-9\[][!""$-?A-~]{0,2000}");

    /// <summary>Any text that is not empty.</summary>
    /// <param name="most">Its length at most.</param>
    public static Kind<string> Text(int most) => new TextKind($"a text of at most {most} characters", "", "[^\\x00-\\x1f]{1," + most.ToString(System.Globalization.CultureInfo.InvariantCulture) + "}");

    /// <summary>A text with variables of the request in it, on one line.</summary>
    /// <param name="most">Its length at most.</param>
    public static Kind<string> Template(int most) => new TemplateKind(most, lines: false);

    /// <summary>A text with variables of the request in it, of several lines where it has to be.</summary>
    /// <param name="most">Its length at most.</param>
    public static Kind<string> LongTemplate(int most) => new TemplateKind(most, lines: true);

    /// <summary>The name of a header field or of a cookie: a token of RFC 9110, section 5.6.2.</summary>
    /// <param name="noun">What it names, with its article.</param>
    /// <param name="example">One such name.</param>
    public static Kind<string> Token(string noun, string example) => new TextKind(noun, example, TokenPattern);

    /// <summary>The name of something that the file defines elsewhere.</summary>
    /// <param name="noun">What it names, with its article.</param>
    public static Kind<string> Name(string noun) => new TextKind(noun, "", MapKind.NamePattern);

    /// <summary>One of a fixed set of words.</summary>
    public static Kind<string> Word(params IEnumerable<string> words) => new WordKind([.. words]);

    /// <summary>A whole number, both bounds included.</summary>
    public static Kind<int> Integer(int atLeast, int atMost) => new IntegerKind(atLeast, atMost);

    /// <summary>A whole number or a range of them, all bounds included.</summary>
    /// <param name="noun">What it is, with its article.</param>
    /// <param name="atLeast">The smallest.</param>
    /// <param name="atMost">The largest.</param>
    public static Kind<IntegerRange> IntegerRange(string noun, int atLeast, int atMost) => new IntegerRangeKind(noun, atLeast, atMost);

    /// <summary>A time, both bounds included and written as in the file.</summary>
    public static Kind<TimeSpan> Duration(string atLeast, string atMost) => new DurationKind(atLeast, atMost);

    /// <summary>A number of bytes, both bounds included and written as in the file.</summary>
    public static Kind<long> Size(string atLeast, string atMost) => new SizeKind(atLeast, atMost);

    /// <summary>Bytes per second, both bounds included and written as in the file.</summary>
    public static Kind<long> Bandwidth(string atLeast, string atMost) => new BandwidthKind(atLeast, atMost);

    /// <summary>A share, 0.1 for <c>10%</c>, both bounds included and written as in the file.</summary>
    public static Kind<double> Percent(string atLeast, string atMost) => new PercentKind(atLeast, atMost);

    /// <summary>A list; one item may stand for a list of one.</summary>
    public static Kind<ValueList<T>> List<T>(Kind<T> item) => new ListKind<T>(item);

    /// <summary>A map of records by name.</summary>
    /// <param name="noun">What a name stands for, without an article.</param>
    public static Kind<ValueMap<T>> Map<T>(string noun)
        where T : IConfigurable<T> => new MapKind<T>(noun, new RecordKind<T>(static () => T.Shape));

    /// <summary>The same with a shape that is not the record's own: other defaults.</summary>
    public static Kind<ValueMap<T>> Map<T>(string noun, Shape<T> shape) => new MapKind<T>(noun, new RecordKind<T>(() => shape));

    /// <summary>A map by host: exact names, and <c>"*.example.org"</c> for one or more labels before it.</summary>
    public static Kind<ValueMap<T>> ByHost<T>(Kind<T> item) => new TextMapKind<T>(MapKey.Host, item);

    /// <summary>A map by the name of a header field, in whatever case.</summary>
    public static Kind<ValueMap<T>> ByField<T>(Kind<T> item) =>
        new TextMapKind<T>(new("the name of a header field", "X-Api-Version", TokenPattern) { Comparer = StringComparer.OrdinalIgnoreCase }, item);

    /// <summary>A map by the name of a query parameter, percent-encoding undone.</summary>
    public static Kind<ValueMap<T>> ByParameter<T>(Kind<T> item) =>
        new TextMapKind<T>(new("the name of a query parameter", "v", @"[^\x00-\x1f]{1,256}"), item);

    /// <summary>A map by the name of a claim, as whoever vouches for it writes it.</summary>
    public static Kind<ValueMap<T>> ByClaim<T>(Kind<T> item) =>
        new TextMapKind<T>(new("the name of a claim", "tenant", @"[^\x00-\x1f]{1,256}"), item);

    /// <summary>A map by the name of something that the file defines elsewhere.</summary>
    /// <param name="noun">What it names, with its article.</param>
    /// <param name="example">One such name.</param>
    /// <param name="item">The values.</param>
    public static Kind<ValueMap<T>> ByName<T>(string noun, string example, Kind<T> item) =>
        new TextMapKind<T>(new(noun, example, MapKind.NamePattern), item);

    /// <summary>A map by an error's status, 400 to 599; a status that is not written keeps what it had before.</summary>
    public static Kind<ValueMap<T>> ByErrorStatus<T>(Kind<T> item) =>
        new TextMapKind<T>(new("a status from 400 to 599", "502", "[45][0-9][0-9]"), item, merges: true);

    /// <summary>A map of the record's keys, or its short form.</summary>
    public static Kind<T> Record<T>()
        where T : IConfigurable<T> => new RecordKind<T>(static () => T.Shape);

    /// <summary>The same with a shape that is not the record's own: other defaults.</summary>
    public static Kind<T> Record<T>(Shape<T> shape) => new RecordKind<T>(() => shape);

    /// <summary>The kind, or a word that stands for <paramref name="value"/>: <c>auto</c>, <c>off</c>.</summary>
    public static Kind<T> Or<T>(this Kind<T> kind, string word, T value) => new WordOrKind<T>(word, value, kind);

    /// <summary>The record, or a word that stands for null.</summary>
    public static Kind<T?> OrNull<T>(this Kind<T> kind, string word)
        where T : class => new WordOrKind<T?>(word, null, kind!);

    /// <summary>The value, or a word that stands for null.</summary>
    public static Kind<T?> OrNothing<T>(this Kind<T> kind, string word)
        where T : struct => new WordOrKind<T?>(word, null, new NullableKind<T>(kind));
}
