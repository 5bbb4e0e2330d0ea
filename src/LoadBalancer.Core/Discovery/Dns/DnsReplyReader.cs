using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Net;

namespace LoadBalancer.Discovery.Dns;

/// <summary>
/// Reads what came in answer to a question. It comes from a network, where anybody may answer: no content makes it throw, run
/// on or take more memory than the message is long.
/// </summary>
internal ref struct DnsReplyReader
{
    /// <summary>More CNAMEs in a row than anybody has; a chain that is a circle ends here as well.</summary>
    private const int LongestChain = 16;

    private const int HeaderLength = 12;
    private const ushort IsReply = 0x8000;
    private const ushort OperationMask = 0x7800;
    private const ushort Truncated = 0x0200;

    private readonly ReadOnlySpan<byte> _message;
    private readonly DnsQuestion _question;
    private readonly List<(DnsName Owner, DnsName Target, uint Ttl)> _aliases = [];
    private readonly List<(DnsName Owner, IPAddress Address, uint Ttl)> _addresses = [];
    private int _at = HeaderLength;
    private uint? _negativeTtl;
    private int _extendedCode;

    private DnsReplyReader(ReadOnlySpan<byte> message, DnsQuestion question)
    {
        _message = message;
        _question = question;
    }

    /// <summary>Reads <paramref name="message"/>.</summary>
    /// <param name="message">What came.</param>
    /// <param name="question">What was asked.</param>
    /// <param name="reply">The answer; null where there is none.</param>
    /// <returns>Whether it answers the question at all, and whether it can be read.</returns>
    public static DnsReading Read(ReadOnlySpan<byte> message, DnsQuestion question, out DnsReply? reply)
    {
        reply = null;
        var reader = new DnsReplyReader(message, question);
        return !reader.Answers() ? DnsReading.NotOurs : reader.Read(out reply) ? DnsReading.Good : DnsReading.Malformed;
    }

    private readonly int this[int at] => BinaryPrimitives.ReadUInt16BigEndian(_message[at..]);

    private readonly int Code => this[2] & 0xf;

    /// <summary>Whether it has our number and repeats our question: a forger has to guess both, and the port besides (RFC 5452).</summary>
    private bool Answers()
    {
        if (_message.Length < HeaderLength || this[0] != _question.Id || (this[2] & (IsReply | OperationMask)) != IsReply)
        {
            return false;
        }

        // A server that could not read the question cannot repeat it.
        if (this[4] == 0)
        {
            return Code is (int)DnsResponseCode.FormErr or (int)DnsResponseCode.NotImp;
        }

        return this[4] == 1
            && DnsName.TryRead(_message, ref _at, out var name) && name.Equals(_question.Name)
            && _at + 4 <= _message.Length && this[_at] == (int)_question.Type && this[(_at += 4) - 2] == DnsQuestion.Internet;
    }

    private bool Read(out DnsReply? reply)
    {
        reply = null;
        if ((this[2] & Truncated) != 0)
        {
            reply = new DnsReply((DnsResponseCode)Code, IsTruncated: true, [], Ttl: null);
            return true;
        }

        for (var (section, first) = (0, 6); section < 3; section++, first += 2)
        {
            for (var left = this[first]; left > 0; left--)
            {
                if (!ReadRecord(section))
                {
                    return false;
                }
            }
        }

        var code = (DnsResponseCode)((_extendedCode << 4) | Code);
        if (!Follow(out var addresses, out var ttl))
        {
            return false;
        }

        var lasts = addresses.IsEmpty ? _negativeTtl : ttl;
        reply = new DnsReply(code, IsTruncated: false, addresses, lasts is { } seconds ? TimeSpan.FromSeconds(seconds) : null);
        return true;
    }

    /// <param name="section">0 answers, 1 authority, 2 additional.</param>
    private bool ReadRecord(int section)
    {
        if (!DnsName.TryRead(_message, ref _at, out var owner) || _at + 10 > _message.Length)
        {
            return false;
        }

        var (type, kind, ttl, length) = ((DnsType)this[_at], this[_at + 2], BinaryPrimitives.ReadUInt32BigEndian(_message[(_at + 4)..]), this[_at + 8]);
        var data = _at + 10;
        var end = data + length;
        if (end > _message.Length)
        {
            return false;
        }

        _at = end;
        // A lifetime with the highest bit set is none (RFC 2181 §8).
        var lasts = ttl > int.MaxValue ? 0 : ttl;
        if (type == DnsType.Opt && section == 2)
        {
            _extendedCode = (int)(ttl >> 24);
            return true;
        }

        return kind != DnsQuestion.Internet || (section, type) switch
        {
            (0, DnsType.Cname) => ReadAlias(owner, data, end, lasts),
            (0, DnsType.A or DnsType.Aaaa) when type == _question.Type => ReadAddress(owner, data, length, lasts),
            (1, DnsType.Soa) => ReadAuthority(data, end, lasts),
            _ => true,
        };
    }

    private readonly bool ReadAlias(DnsName owner, int at, int end, uint ttl)
    {
        if (!DnsName.TryRead(_message[..end], ref at, out var target) || at != end)
        {
            return false;
        }

        _aliases.Add((owner, target, ttl));
        return true;
    }

    private readonly bool ReadAddress(DnsName owner, int at, int length, uint ttl)
    {
        if (length != (_question.Type == DnsType.A ? 4 : 16))
        {
            return false;
        }

        _addresses.Add((owner, new IPAddress(_message.Slice(at, length)), ttl));
        return true;
    }

    private bool ReadAuthority(int at, int end, uint ttl)
    {
        // Two names, four numbers, and the lifetime of an answer that there is nothing.
        if (!DnsName.TryRead(_message[..end], ref at, out _) || !DnsName.TryRead(_message[..end], ref at, out _) || at + 20 != end)
        {
            return false;
        }

        _negativeTtl = Math.Min(ttl, BinaryPrimitives.ReadUInt32BigEndian(_message[(at + 16)..]));
        return true;
    }

    /// <summary>From the name in the question along the CNAMEs to the addresses at their end, in whatever order they stand.</summary>
    private readonly bool Follow(out ImmutableArray<IPAddress> addresses, out uint? ttl)
    {
        var (name, least) = (_question.Name, uint.MaxValue);
        addresses = [];
        ttl = null;
        for (var hops = 0; _aliases.Find(alias => alias.Owner.Equals(name)) is { Target: not null } alias; hops++)
        {
            if (hops == LongestChain)
            {
                return false;
            }

            name = alias.Target;
            least = Math.Min(least, alias.Ttl);
        }

        var found = _addresses.FindAll(record => record.Owner.Equals(name));
        addresses = [.. found.Select(record => record.Address).Distinct()];
        ttl = found.Aggregate(least, (least, record) => Math.Min(least, record.Ttl));
        return true;
    }
}
