namespace LoadBalancer.SharedLimits;

/// <summary>
/// How scripts know a calendar period of UTC: by the day since 1970 that it begins with. The first of a month is found by counting years from March (Hinnant,
/// "chrono-compatible low-level date algorithms"), and 31 days behind it is the next month, whichever it is.
/// </summary>
internal static class PeriodFunctions
{
    /// <summary>
    /// In Lua, where a kind is <c>day</c> or <c>month</c>: <c>beginning(kind, day)</c> of the period that has a day, and <c>ending(kind, from)</c>, the first day
    /// behind the period that begins with one.
    /// </summary>
    public const string Lua = """
        local function monthOf(day)
          local shifted = day + 719468
          local era = math.floor(shifted / 146097)
          local ofEra = shifted - era * 146097
          local year = math.floor((ofEra - math.floor(ofEra / 1460) + math.floor(ofEra / 36524) - math.floor(ofEra / 146096)) / 365)
          local ofYear = ofEra - (365 * year + math.floor(year / 4) - math.floor(year / 100))
          return day - (ofYear - math.floor((153 * math.floor((5 * ofYear + 2) / 153) + 2) / 5))
        end
        local function beginning(kind, day) return kind == 'month' and monthOf(day) or day end
        local function ending(kind, from) return kind == 'month' and monthOf(from + 31) or from + 1 end

        """;
}
