namespace TokMesh.State.Keys;

/// <summary>
/// Redis's glob patterns over bytes, as its <c>stringmatchlen</c>: <c>*</c>, <c>?</c>, <c>[abc]</c>, <c>[^a]</c>,
/// <c>[a-z]</c>, and <c>\</c> for a literal character. Case counts. An unclosed bracket runs to the pattern's end.
/// </summary>
public static class GlobPattern
{
    private const int MaxNesting = 1000;

    /// <summary>True when the whole text matches.</summary>
    public static bool IsMatch(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> text)
    {
        var hopeless = false;
        return IsMatch(pattern, text, ref hopeless, 0);
    }

    /// <param name="pattern">The pattern.</param>
    /// <param name="text">The text.</param>
    /// <param name="hopeless">
    /// Set when the rest after a star matched nowhere in the text: an earlier star that takes more leaves even less, so the
    /// whole search ends there. Without it a pattern like <c>a*a*a*a*b</c> costs exponential time.
    /// </param>
    /// <param name="nesting">Stars on the stack.</param>
    private static bool IsMatch(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> text, ref bool hopeless, int nesting)
    {
        if (nesting > MaxNesting) return false;
        int p = 0, t = 0;
        while (p < pattern.Length && t < text.Length)
        {
            switch (pattern[p])
            {
                case (byte)'*':
                    while (p + 1 < pattern.Length && pattern[p + 1] == '*') p++;
                    if (p + 1 == pattern.Length) return true;
                    for (; t < text.Length; t++)
                    {
                        if (IsMatch(pattern[(p + 1)..], text[t..], ref hopeless, nesting + 1)) return true;
                        if (hopeless) return false;
                    }
                    hopeless = true;
                    return false;
                case (byte)'?':
                    break;
                case (byte)'[':
                    if (!MatchesSet(pattern, ref p, text[t])) return false;
                    break;
                default:
                    if (pattern[p] == '\\' && p + 1 < pattern.Length) p++;
                    if (pattern[p] != text[t]) return false;
                    break;
            }
            p++;
            t++;
        }
        while (t == text.Length && p < pattern.Length && pattern[p] == '*') p++;
        return p == pattern.Length && t == text.Length;
    }

    /// <summary>Matches one character against a bracket; leaves <paramref name="p"/> on its last character.</summary>
    private static bool MatchesSet(ReadOnlySpan<byte> pattern, ref int p, byte c)
    {
        p++;
        var not = p < pattern.Length && pattern[p] == '^';
        if (not) p++;
        var match = false;
        while (true)
        {
            if (p + 1 < pattern.Length && pattern[p] == '\\')
            {
                p++;
                match |= pattern[p] == c;
            }
            else if (p >= pattern.Length)
            {
                p = pattern.Length - 1;
                break;
            }
            else if (pattern[p] == ']')
            {
                break;
            }
            else if (p + 2 < pattern.Length && pattern[p + 1] == '-')
            {
                byte low = Math.Min(pattern[p], pattern[p + 2]), high = Math.Max(pattern[p], pattern[p + 2]);
                match |= c >= low && c <= high;
                p += 2;
            }
            else
            {
                match |= pattern[p] == c;
            }
            p++;
        }
        return match != not;
    }
}
