using System.Text;

namespace TokMesh.State.Ids;

/// <summary>The shape <c>tmxx-</c> + ULID that session and API key ids share.</summary>
internal static class PrefixedUlid
{
    public const int Length = 5 + Ulid.TextLength;

    public static bool TryParse(ReadOnlySpan<char> text, string prefix, out Ulid ulid)
    {
        ulid = default;
        return text.Length == Length
            && text[..5].Equals(prefix, StringComparison.OrdinalIgnoreCase)
            && Ulid.TryParse(text[5..], out ulid);
    }

    public static bool TryParse(ReadOnlySpan<byte> utf8, string prefix, out Ulid ulid)
    {
        ulid = default;
        Span<char> text = stackalloc char[Length];
        // Widening keeps bytes above 0x7f out of the alphabet, so no decoding is needed to refuse them.
        return utf8.Length == Length
            && Encoding.Latin1.GetChars(utf8, text) == Length
            && TryParse(text, prefix, out ulid);
    }

    public static void Format(Ulid ulid, string prefix, Span<char> target)
    {
        prefix.CopyTo(target);
        ulid.Format(target[5..]);
    }
}
