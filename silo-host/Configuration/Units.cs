using System.Globalization;

namespace TokMesh.Host.Configuration;

/// <summary>Sizes and durations as the configuration writes them.</summary>
internal static class Units
{
    private static readonly (string Name, double Ms)[] Durations = [("h", 3_600_000), ("ms", 1), ("m", 60_000), ("us", 0.001), ("ns", 0.000001), ("s", 1000)];
    private static readonly (string Name, long Bytes)[] Sizes = [("GB", 1L << 30), ("MB", 1L << 20), ("KB", 1L << 10), ("B", 1)];

    /// <summary>Such as <c>1h30m</c> or <c>500ms</c>.</summary>
    public static bool TryParseDuration(ReadOnlySpan<char> text, out long ms)
    {
        double total = 0;
        ms = 0;
        if (text.IsEmpty) return false;
        while (!text.IsEmpty)
        {
            var digits = 0;
            while (digits < text.Length && (char.IsAsciiDigit(text[digits]) || text[digits] == '.')) digits++;
            if (digits == 0 || !double.TryParse(text[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)) return false;
            text = text[digits..];
            var letters = text.IndexOfAnyInRange('0', '9');
            var unit = (letters < 0 ? text : text[..letters]).ToString();
            var known = Array.Find(Durations, d => d.Name == unit);
            if (known.Name is null) return false;
            total += number * known.Ms;
            text = text[unit.Length..];
        }
        if (total >= long.MaxValue) return false;
        ms = (long)total;
        return true;
    }

    /// <summary>Such as <c>64MB</c>; 1024-based, no unit means bytes.</summary>
    public static bool TryParseSize(ReadOnlySpan<char> text, out long bytes)
    {
        bytes = 0;
        long unit = 1;
        foreach (var (name, size) in Sizes)
        {
            if (!text.EndsWith(name, StringComparison.OrdinalIgnoreCase)) continue;
            unit = size;
            text = text[..^name.Length].TrimEnd();
            break;
        }
        if (!double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) || number * unit >= long.MaxValue) return false;
        bytes = (long)(number * unit);
        return true;
    }

    /// <summary>For messages.</summary>
    public static string FormatSize(long bytes)
    {
        foreach (var (name, size) in Sizes)
            if (bytes >= size && bytes % size == 0) return $"{bytes / size}{name}";
        return $"{bytes}B";
    }

    /// <summary>For messages.</summary>
    public static string FormatDuration(long ms) =>
        ms % 3_600_000 == 0 ? $"{ms / 3_600_000}h" : ms % 60_000 == 0 ? $"{ms / 60_000}m" : ms % 1000 == 0 ? $"{ms / 1000}s" : $"{ms}ms";
}
