using System.Text.Unicode;

namespace TokMesh;

/// <summary>
/// What makes text that others send unfit to name something or to be kept as text: the one rule of every front end and of the SDK. Such
/// text is refused and never mended: with a replacement character in their place, two different bad inputs would be one user.
/// Names and values of plain Redis keys are bytes, and are not asked.
/// </summary>
internal static class TextFault
{
    private const string NotUnicode = "not valid Unicode text";

    // The paths of HTTP cannot carry it, and what is named on one way must be reachable on all.
    private const string HasNul = "holds a NUL character, which is not allowed";

    /// <summary>What is wrong with UTF-16, such as half of a surrogate pair; null for nothing.</summary>
    public static string? Of(ReadOnlySpan<char> text)
    {
        if (!IsWellFormed(text)) return NotUnicode;
        return text.Contains('\0') ? HasNul : null;
    }

    /// <summary>What is wrong with UTF-8; null for nothing.</summary>
    public static string? Of(ReadOnlySpan<byte> utf8)
    {
        if (!Utf8.IsValid(utf8)) return NotUnicode;
        return utf8.Contains((byte)0) ? HasNul : null;
    }

    /// <summary>Whether UTF-16 has no half of a surrogate pair.</summary>
    public static bool IsWellFormed(ReadOnlySpan<char> text)
    {
        for (var at = text.IndexOfAnyInRange('\ud800', '\udfff'); at >= 0;)
        {
            if (at + 1 >= text.Length || !char.IsSurrogatePair(text[at], text[at + 1])) return false;
            text = text[(at + 2)..];
            at = text.IndexOfAnyInRange('\ud800', '\udfff');
        }
        return true;
    }
}
