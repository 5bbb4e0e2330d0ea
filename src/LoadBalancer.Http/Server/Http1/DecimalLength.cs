namespace LoadBalancer.Http.Server.Http1;

/// <summary>The value of a Content-Length: decimal digits and nothing else (RFC 9110 section 8.6).</summary>
internal static class DecimalLength
{
    /// <summary>More digits than these may not fit a number of 64 bits.</summary>
    private const int MostDigits = 18;

    /// <summary>The number; -1 for a sign, a list, white space, nothing, or more than 18 digits.</summary>
    public static long Parse(ReadOnlySpan<byte> text)
    {
        if (text.Length is 0 or > MostDigits)
        {
            return -1;
        }

        var number = 0L;
        foreach (var digit in text)
        {
            if (!char.IsAsciiDigit((char)digit))
            {
                return -1;
            }

            number = number * 10 + (digit - '0');
        }

        return number;
    }
}
