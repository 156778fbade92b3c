namespace TokMesh.Linearizability;

/// <summary>What a check found.</summary>
/// <param name="IsLinearizable">Whether some order of the operations explains every answer.</param>
/// <param name="Register">The register that cannot be explained.</param>
/// <param name="Explanation">The longest explanation found and what it could not go on with.</param>
public sealed record Verdict(bool IsLinearizable, string? Register = null, string? Explanation = null);

/// <summary>
/// Decides whether a history of registers is linearizable: whether every operation can be given one moment between its beginning
/// and its answer so that each answer is what a single register would have said at that moment (Herlihy and Wing, 1990). Search as
/// by Wing and Gong with the memory of Lowe ("Testing for linearizability", 2017); registers are independent, so each is searched
/// alone.
/// </summary>
public static class Checker
{
    /// <summary>Checks a whole history.</summary>
    /// <exception cref="InvalidOperationException">A register's search became larger than <paramref name="maxStates"/>: the history
    /// has too many operations at once on one register to be decided.</exception>
    public static Verdict Check(IEnumerable<Operation> history, int maxStates = 5_000_000)
    {
        foreach (var register in history.GroupBy(o => o.Register))
        {
            var verdict = CheckOne([.. register], maxStates);
            if (!verdict.IsLinearizable) return verdict;
        }
        return new Verdict(true);
    }

    private static Verdict CheckOne(Operation[] operations, int maxStates)
    {
        var head = Link(operations);
        var done = new Bits(operations.Length);
        var seen = new HashSet<(Bits, string?)>();
        var chosen = new Stack<(Event Event, string? Before)>();
        var best = new List<Operation>();
        var open = operations.Count(o => o.Returned != Operation.Never);
        string? value = null;
        var at = head.Next;
        while (open > 0)
        {
            if (at is { IsReturn: false })
            {
                if (TryStep(at.Operation, value, out var after))
                {
                    var next = done.With(at.Number);
                    if (seen.Add((next, after)))
                    {
                        if (seen.Count > maxStates)
                            throw new InvalidOperationException($"Register {at.Operation.Register}: undecided after {maxStates} states.");
                        chosen.Push((at, value));
                        (value, done) = (after, next);
                        if (at.Operation.Returned != Operation.Never) open--;
                        Lift(at);
                        if (chosen.Count > best.Count) best = [.. chosen.Reverse().Select(c => c.Event.Operation)];
                        at = head.Next;
                        continue;
                    }
                }
                at = at.Next;
                continue;
            }
            // An answer came before anything explained it (or the end of the list): the last choice was wrong.
            if (chosen.Count == 0) return new Verdict(false, operations[0].Register, Explain(best, operations));
            var (undone, before) = chosen.Pop();
            value = before;
            done = done.Without(undone.Number);
            if (undone.Operation.Returned != Operation.Never) open++;
            Unlift(undone);
            at = undone.Next;
        }
        return new Verdict(true);
    }

    private static bool TryStep(Operation operation, string? value, out string? after)
    {
        switch (operation.Kind)
        {
            case OperationKind.Write:
                after = operation.Value;
                return true;
            case OperationKind.Increment:
                after = (long.Parse(value ?? "0", System.Globalization.CultureInfo.InvariantCulture) + 1).ToString(System.Globalization.CultureInfo.InvariantCulture);
                return operation.Returned == Operation.Never || operation.Value == after;
            case OperationKind.Swap:
                after = operation.Value;
                return operation.Returned == Operation.Never || operation.Seen == value;
            case OperationKind.WriteIfAbsent:
                after = value ?? operation.Value;
                return operation.Returned == Operation.Never || operation.Seen == value;
            case OperationKind.CompareAndSet:
                after = operation.Seen == value ? operation.Value : value;
                return operation.Returned == Operation.Never || operation.Seen == value;
            default:
                after = value;
                return operation.Value == value;
        }
    }

    private static string Explain(List<Operation> best, Operation[] all)
    {
        var left = all.Except(best).OrderBy(o => o.Invoked).Take(12);
        return $"explained {best.Count} of {all.Length}; the last of them:\n  " + string.Join("\n  ", best.TakeLast(6))
            + "\nnot explained, first ones:\n  " + string.Join("\n  ", left);
    }

    // Beginnings and answers in order of time, as a list from which an operation can be lifted out and put back.
    private static Event Link(Operation[] operations)
    {
        var events = new List<Event>(operations.Length * 2);
        for (var i = 0; i < operations.Length; i++)
        {
            var begin = new Event(operations[i], i, false, operations[i].Invoked);
            events.Add(begin);
            if (operations[i].Returned == Operation.Never) continue;
            begin.Match = new Event(operations[i], i, true, operations[i].Returned);
            events.Add(begin.Match);
        }
        // Of the same moment, beginnings come first: then they overlap, which allows more and so never accuses wrongly.
        var ordered = events.OrderBy(e => e.At).ThenBy(e => e.IsReturn).ToArray();
        var head = new Event(null!, -1, false, long.MinValue);
        var last = head;
        foreach (var e in ordered)
        {
            last.Next = e;
            e.Previous = last;
            last = e;
        }
        return head;
    }

    private static void Lift(Event begin)
    {
        Cut(begin);
        if (begin.Match is { } end) Cut(end);

        static void Cut(Event e)
        {
            e.Previous!.Next = e.Next;
            if (e.Next is { } next) next.Previous = e.Previous;
        }
    }

    private static void Unlift(Event begin)
    {
        if (begin.Match is { } end) Put(end);
        Put(begin);

        static void Put(Event e)
        {
            e.Previous!.Next = e;
            if (e.Next is { } next) next.Previous = e;
        }
    }

    private sealed class Event(Operation operation, int number, bool isReturn, long at)
    {
        public Operation Operation { get; } = operation;

        public int Number { get; } = number;

        public bool IsReturn { get; } = isReturn;

        public long At { get; } = at;

        public Event? Match { get; set; }

        public Event? Previous { get; set; }

        public Event? Next { get; set; }
    }

    /// <summary>A set of operation numbers; compared by content.</summary>
    private readonly struct Bits : IEquatable<Bits>
    {
        private readonly ulong[] _words;

        public Bits(int count) => _words = new ulong[(count + 63) / 64];

        private Bits(ulong[] words) => _words = words;

        public Bits With(int number) => Flip(number);

        public Bits Without(int number) => Flip(number);

        public bool Equals(Bits other) => _words.AsSpan().SequenceEqual(other._words);

        public override bool Equals(object? other) => other is Bits bits && Equals(bits);

        public override int GetHashCode()
        {
            var hash = 17ul;
            foreach (var word in _words) hash = (hash ^ word) * 0x9E3779B97F4A7C15;
            return (int)(hash >> 32);
        }

        private Bits Flip(int number)
        {
            var words = (ulong[])_words.Clone();
            words[number / 64] ^= 1ul << (number % 64);
            return new Bits(words);
        }
    }
}
