using System.Globalization;

namespace TokMesh.State.Keys;

/// <summary>Integers as Redis reads them: canonical decimal only, no spaces, no plus, no leading zeros.</summary>
internal static class IntegerText
{
    public const int MaxBytes = 20;

    public static bool TryParse(ReadOnlySpan<byte> text, out long value)
    {
        value = 0;
        if (text.Length is 0 or > MaxBytes
            || !long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value))
            return false;
        Span<byte> canonical = stackalloc byte[MaxBytes];
        return canonical[..Format(value, canonical)].SequenceEqual(text);
    }

    public static int Format(long value, Span<byte> target)
    {
        value.TryFormat(target, out var written, default, CultureInfo.InvariantCulture);
        return written;
    }
}
