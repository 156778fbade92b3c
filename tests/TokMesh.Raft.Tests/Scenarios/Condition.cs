namespace TokMesh.Raft.Tests.Scenarios;

/// <summary>A word such as <c>commit>=4</c>: a name, a comparison, a value. A value of several, <c>2,3</c>, means any of them.</summary>
internal readonly record struct Condition(string Key, string Comparison, string Value)
{
    // Read once: schedules compare a great many numbers.
    private readonly ulong? _number = ulong.TryParse(Value, out var number) ? number : null;

    // Longest first: "<=" is not "<" with a value that begins with "=".
    private static readonly string[] Comparisons = ["!=", "<=", ">=", "<", ">", "="];

    /// <summary>Null when the word holds no comparison.</summary>
    public static Condition? TryParse(string word)
    {
        var at = word.IndexOfAny(['!', '<', '>', '=']);
        if (at < 1) return null;
        foreach (var comparison in Comparisons)
            if (word.AsSpan(at).StartsWith(comparison)) return new Condition(word[..at], comparison, word[(at + comparison.Length)..]);
        return null;
    }

    public bool Holds(string actual) => Comparison == "!=" ? actual != Value : actual == Value || (Value.Contains(',') && Value.Split(',').Contains(actual));

    public bool Holds(ulong actual)
    {
        if (_number is not { } wanted) return Holds(actual.ToString());
        return Comparison switch
        {
            "=" => actual == wanted,
            "!=" => actual != wanted,
            "<" => actual < wanted,
            "<=" => actual <= wanted,
            ">" => actual > wanted,
            _ => actual >= wanted,
        };
    }

    public override string ToString() => Key + Comparison + Value;
}
