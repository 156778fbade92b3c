namespace TokMesh.Raft.Log;

/// <summary>A Raft term: the logical epoch of at most one leader (Raft paper, section 5.1). Zero means "before any election".</summary>
public readonly record struct Term(ulong Value) : IComparable<Term>
{
    /// <summary>The term before the first election.</summary>
    public static readonly Term Zero;

    /// <summary>The term after this one.</summary>
    public Term Next => new(Value + 1);

    /// <inheritdoc/>
    public int CompareTo(Term other) => Value.CompareTo(other.Value);

    /// <summary>Orders terms by age.</summary>
    public static bool operator <(Term a, Term b) => a.Value < b.Value;

    /// <summary>Orders terms by age.</summary>
    public static bool operator >(Term a, Term b) => a.Value > b.Value;

    /// <summary>Orders terms by age.</summary>
    public static bool operator <=(Term a, Term b) => a.Value <= b.Value;

    /// <summary>Orders terms by age.</summary>
    public static bool operator >=(Term a, Term b) => a.Value >= b.Value;

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();
}

/// <summary>Position of an entry in a group's log. The first entry has index 1; zero is the position before it.</summary>
public readonly record struct LogIndex(ulong Value) : IComparable<LogIndex>
{
    /// <summary>The position before the first entry.</summary>
    public static readonly LogIndex Zero;

    /// <summary>The position after this one.</summary>
    public LogIndex Next => new(Value + 1);

    /// <summary>The position before this one; the position before zero does not exist.</summary>
    public LogIndex Previous => new(checked(Value - 1));

    /// <inheritdoc/>
    public int CompareTo(LogIndex other) => Value.CompareTo(other.Value);

    /// <summary>The smaller of two positions.</summary>
    public static LogIndex Min(LogIndex a, LogIndex b) => a.Value < b.Value ? a : b;

    /// <summary>The larger of two positions.</summary>
    public static LogIndex Max(LogIndex a, LogIndex b) => a.Value > b.Value ? a : b;

    /// <summary>A position <paramref name="count"/> entries further.</summary>
    public static LogIndex operator +(LogIndex a, int count) => new(a.Value + (ulong)count);

    /// <summary>How many entries lie after <paramref name="b"/> up to <paramref name="a"/>; negative when <paramref name="b"/> is further.</summary>
    public static long operator -(LogIndex a, LogIndex b) => (long)(a.Value - b.Value);

    /// <summary>Orders positions.</summary>
    public static bool operator <(LogIndex a, LogIndex b) => a.Value < b.Value;

    /// <summary>Orders positions.</summary>
    public static bool operator >(LogIndex a, LogIndex b) => a.Value > b.Value;

    /// <summary>Orders positions.</summary>
    public static bool operator <=(LogIndex a, LogIndex b) => a.Value <= b.Value;

    /// <summary>Orders positions.</summary>
    public static bool operator >=(LogIndex a, LogIndex b) => a.Value >= b.Value;

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();
}

/// <summary>A member of a Raft group. Numbers are given out once and never reused; zero means "nobody".</summary>
public readonly record struct MemberId(uint Value)
{
    /// <summary>Nobody: no vote cast, no leader known.</summary>
    public static readonly MemberId None;

    /// <summary>Whether this names nobody.</summary>
    public bool IsNone => Value == 0;

    /// <inheritdoc/>
    public override string ToString() => Value == 0 ? "none" : Value.ToString();
}
