namespace TokMesh.Raft.Tests.Schedules;

/// <summary>Takes away what is not needed for something to go wrong (delta debugging): halves first, then ever smaller pieces, then single items.</summary>
internal static class Shrinker
{
    /// <param name="items">What goes wrong as a whole.</param>
    /// <param name="stillFails">Whether this much of it goes wrong in the same way.</param>
    /// <param name="maxTries">After so many tries the smallest found so far is good enough.</param>
    public static List<T> Shrink<T>(IReadOnlyList<T> items, Func<IReadOnlyList<T>, bool> stillFails, int maxTries = 20_000)
    {
        var smallest = items.ToList();
        var tries = 0;
        for (var piece = Math.Max(1, smallest.Count / 2); ;)
        {
            var before = smallest.Count;
            // From the end: what comes last depends on what was before, seldom the other way round.
            for (var from = smallest.Count - piece; from > -piece; from -= piece)
            {
                if (++tries > maxTries) return smallest;
                var (start, end) = (Math.Max(0, from), Math.Min(from + piece, smallest.Count));
                if (start >= end) continue;
                var candidate = new List<T>(smallest);
                candidate.RemoveRange(start, end - start);
                if (stillFails(candidate)) smallest = candidate;
            }
            // With single items taken away others may have become needless: until nothing can be left out.
            if (piece == 1 && smallest.Count == before) return smallest;
            piece = Math.Max(1, piece / 2);
        }
    }
}
