namespace TokMesh;

/// <summary>What somebody may have meant who typed a word that is not known.</summary>
internal static class NearestWord
{
    /// <summary>The known word that is fewest slips away: letters left out, added, replaced or swapped; null when all are too many.</summary>
    public static string? Of(string typed, IEnumerable<string> known)
    {
        string? nearest = null;
        // A third of the letters may be wrong, at most three: more is another word.
        var fewest = Math.Min(3, Math.Max(1, typed.Trim('-').Length / 3)) + 1;
        foreach (var word in known)
        {
            var slips = Slips(typed, word);
            if (slips < fewest) (nearest, fewest) = (word, slips);
        }
        return nearest;
    }

    /// <summary>Put behind a message: empty when nothing is near.</summary>
    public static string Hint(string typed, IEnumerable<string> known) => Of(typed, known) is { } word ? $" Did you mean {word}?" : "";

    private static int Slips(string a, string b)
    {
        var before = new int[b.Length + 1];
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        var next = new int[b.Length + 1];
        for (var i = 1; i <= a.Length; i++)
        {
            next[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                next[j] = Math.Min(Math.Min(row[j], next[j - 1]) + 1, row[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) next[j] = Math.Min(next[j], before[j - 2] + 1);
            }
            (before, row, next) = (row, next, before);
        }
        return row[b.Length];
    }
}
