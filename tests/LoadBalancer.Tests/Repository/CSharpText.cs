using System.Text;

namespace LoadBalancer.Daemon.Tests.Repository;

/// <summary>
/// C# source with every comment and literal replaced by blanks of the same length, so that a search finds code only and
/// its places still hold. The expressions inside interpolated strings are code and stay.
/// </summary>
internal sealed class CSharpText
{
    private readonly string _text;
    private readonly StringBuilder _code;
    private int _at;

    private CSharpText(string text)
    {
        _text = text;
        _code = new StringBuilder(text);
    }

    /// <summary>The code of <paramref name="text"/>.</summary>
    public static string CodeOf(string text)
    {
        var scan = new CSharpText(text);
        scan.Code(insideHole: false);
        return scan._code.ToString();
    }

    private char Current => At(0);

    private char At(int ahead) => _at + ahead < _text.Length ? _text[_at + ahead] : '\0';

    /// <summary>Code up to the end of the text, or up to the brace that closes the hole of an interpolated string.</summary>
    private void Code(bool insideHole)
    {
        var depth = 0;
        while (_at < _text.Length)
        {
            if (insideHole && Current == '}' && depth == 0)
            {
                return;
            }

            depth += Current switch { '{' => 1, '}' => -1, _ => 0 };
            if (Current == '/' && At(1) == '/')
            {
                BlankUntil("\n", keepEnd: true);
            }
            else if (Current == '/' && At(1) == '*')
            {
                BlankUntil("*/", keepEnd: false);
            }
            else if (Current == '\'')
            {
                CharacterLiteral();
            }
            else if (Current is '"' or '$' or '@' && LiteralStart() is { } start)
            {
                Literal(start.Dollars, start.Verbatim, start.Length);
            }
            else
            {
                _at++;
            }
        }
    }

    /// <summary>What stands before the quotes of a string literal here; null where none begins, as in <c>@event</c>.</summary>
    private (int Dollars, bool Verbatim, int Length)? LiteralStart()
    {
        var length = 0;
        var dollars = 0;
        var verbatim = false;
        for (; At(length) is '$' or '@'; length++)
        {
            dollars += At(length) == '$' ? 1 : 0;
            verbatim |= At(length) == '@';
        }

        return At(length) == '"' ? (dollars, verbatim, length) : null;
    }

    private void Literal(int dollars, bool verbatim, int prefix)
    {
        Blank(prefix);
        var quotes = Run('"');
        var raw = quotes >= 3 && !verbatim;
        if (!raw && quotes == 2)
        {
            Blank(2);
            return;
        }

        Blank(raw ? quotes : 1);
        while (_at < _text.Length)
        {
            var closing = Run('"');
            var opening = Run('{');
            if (raw ? closing >= quotes : closing > 0 && !(verbatim && closing > 1))
            {
                Blank(raw ? quotes : 1);
                return;
            }

            if (closing > 0)
            {
                Blank(raw ? closing : 2);
            }
            else if (dollars > 0 && (raw ? opening >= dollars : opening % 2 == 1))
            {
                Blank(opening);
                Code(insideHole: true);
                Blank(Math.Min(Run('}'), raw ? dollars : 1));
            }
            else if (opening > 0)
            {
                Blank(opening);
            }
            else
            {
                Blank(Current == '\\' && !raw && !verbatim ? 2 : 1);
            }
        }
    }

    private void CharacterLiteral()
    {
        Blank(1);
        while (_at < _text.Length && Current is not ('\'' or '\n'))
        {
            Blank(Current == '\\' ? 2 : 1);
        }

        Blank(1);
    }

    private int Run(char letter)
    {
        var length = 0;
        while (At(length) == letter)
        {
            length++;
        }

        return length;
    }

    private void BlankUntil(string end, bool keepEnd)
    {
        var found = _text.IndexOf(end, _at + 2, StringComparison.Ordinal);
        Blank((found < 0 ? _text.Length : keepEnd ? found : found + end.Length) - _at);
    }

    private void Blank(int length)
    {
        for (var end = Math.Min(_at + length, _text.Length); _at < end; _at++)
        {
            _code[_at] = _text[_at] == '\n' ? '\n' : ' ';
        }
    }
}
