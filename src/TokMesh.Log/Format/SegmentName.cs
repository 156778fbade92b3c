using System.Globalization;

namespace TokMesh.Log.Format;

/// <summary>Segment file names: <c>wal-00000001.log</c>, counting from 1 without gaps.</summary>
internal static class SegmentName
{
    private const string Prefix = "wal-";
    private const string Suffix = ".log";
    private const int MinDigits = 8;

    public static string Of(uint number) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{number:D8}{Suffix}");

    public static bool TryParse(string name, out uint number)
    {
        number = 0;
        return name.StartsWith(Prefix, StringComparison.Ordinal)
            && name.EndsWith(Suffix, StringComparison.Ordinal)
            && name.Length >= Prefix.Length + MinDigits + Suffix.Length
            && uint.TryParse(name.AsSpan(Prefix.Length, name.Length - Prefix.Length - Suffix.Length),
                NumberStyles.None, CultureInfo.InvariantCulture, out number)
            && number > 0
            && name == Of(number);
    }
}
