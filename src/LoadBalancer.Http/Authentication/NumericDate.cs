using System.Text.Json;

namespace LoadBalancer.Http.Authentication;

/// <summary>A time in seconds since 1970, as claims have it (RFC 7519 section 2).</summary>
internal static class NumericDate
{
    private const double YearTenThousand = 253_402_300_800;

    /// <summary>Reads a member of an object. False where it is there and no time; a member that is not there is null.</summary>
    public static bool TryRead(JsonElement root, string name, out long? seconds)
    {
        seconds = null;
        if (!root.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return true;
        }

        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out var number) || number is not (>= 0 and < YearTenThousand))
        {
            return false;
        }

        seconds = (long)number;
        return true;
    }
}
