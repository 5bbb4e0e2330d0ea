using System.Collections;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Configuration;

namespace LoadBalancer.Telemetry;

/// <summary>The text of a log line: <c>message key=value key="two words"</c>, on one line whatever it was given.</summary>
internal static class LogText
{
    /// <summary>The line, and below it, indented, where an error came from.</summary>
    public static string Format(string message, ReadOnlySpan<LogField> fields, Exception? error)
    {
        var text = new StringBuilder();
        AppendPrintable(text, message, quoted: false);
        foreach (var field in fields)
        {
            text.Append(' ').Append(field.Key).Append('=');
            AppendValue(text, field.Value);
        }

        if (error is not null)
        {
            text.Append(" error=");
            AppendValue(text, $"{error.GetType().Name}: {error.Message}");
            AppendOrigin(text, error);
        }

        return text.ToString();
    }

    private static void AppendValue(StringBuilder text, object? value)
    {
        var printed = value switch
        {
            null => "none",
            bool yes => yes ? "true" : "false",
            IPEndPoint or UnixDomainSocketEndPoint => AddressText.Print((EndPoint)value),
            TimeSpan time => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.######}s"),
            string word => word,
            IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
            IEnumerable list => string.Join(", ", list.Cast<object?>()),
            _ => value.ToString() ?? "",
        };
        if (printed.Length > 0 && !printed.AsSpan().ContainsAny(" \"=\\") && !printed.Any(char.IsControl))
        {
            text.Append(printed);
            return;
        }

        text.Append('"');
        AppendPrintable(text, printed, quoted: true);
        text.Append('"');
    }

    private static void AppendOrigin(StringBuilder text, Exception error)
    {
        for (var cause = error; cause is not null; cause = cause.InnerException)
        {
            if (cause != error)
            {
                text.Append("\n    caused by ");
                AppendPrintable(text, $"{cause.GetType().Name}: {cause.Message}", quoted: false);
            }

            foreach (var line in (cause.StackTrace ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                text.Append("\n    ");
                AppendPrintable(text, line, quoted: false);
            }
        }
    }

    // A control character in a value could begin a forged line or drive the reader's terminal.
    private static void AppendPrintable(StringBuilder text, string value, bool quoted)
    {
        foreach (var letter in value)
        {
            _ = letter switch
            {
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                '"' or '\\' when quoted => text.Append('\\').Append(letter),
                _ when char.IsControl(letter) || letter is '\u2028' or '\u2029' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)letter:x4}"),
                _ => text.Append(letter),
            };
        }
    }
}
