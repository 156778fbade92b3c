namespace TokMesh.Linearizability.Tests;

public sealed class CheckerTests
{
    private static Operation Write(string? value, long from, long to) => new(0, "x", OperationKind.Write, value, from, to);

    private static Operation Read(string? value, long from, long to) => new(1, "x", OperationKind.Read, value, from, to);

    private static Operation Increment(string? sum, long from, long to) => new(2, "x", OperationKind.Increment, sum, from, to);

    private static Operation Swap(string? seen, string? value, long from, long to) => new(3, "x", OperationKind.Swap, value, from, to) { Seen = seen };

    private static Operation WriteIfAbsent(string? seen, string value, long from, long to) => new(4, "x", OperationKind.WriteIfAbsent, value, from, to) { Seen = seen };

    private static Operation CompareAndSet(string expected, string value, long from, long to) =>
        new(5, "x", OperationKind.CompareAndSet, value, from, to) { Seen = expected };

    private static bool Holds(params Operation[] history) => Checker.Check(history).IsLinearizable;

    [Fact]
    public void A_sequential_history_is_accepted() =>
        Assert.True(Holds(Read(null, 0, 1), Write("a", 2, 3), Read("a", 4, 5), Write(null, 6, 7), Read(null, 8, 9)));

    [Fact]
    public void A_read_that_overlaps_a_write_may_see_either() =>
        Assert.True(Holds(Write("a", 0, 10), Read(null, 1, 2), Read("a", 3, 4)));

    [Fact]
    public void A_read_after_a_completed_write_must_not_see_the_old_value() =>
        Assert.False(Holds(Write("a", 0, 1), Write("b", 2, 3), Read("a", 4, 5)));

    [Fact]
    public void A_value_seen_must_not_be_unseen_again() =>
        Assert.False(Holds(Write("a", 0, 1), Write("b", 2, 100), Read("b", 3, 4), Read("a", 5, 6)));

    [Fact]
    public void A_value_nobody_wrote_is_rejected() => Assert.False(Holds(Write("a", 0, 1), Read("z", 2, 3)));

    [Fact]
    public void A_lost_acknowledged_write_is_rejected() => Assert.False(Holds(Write("a", 0, 1), Read(null, 2, 3)));

    [Fact]
    public void An_unknown_write_may_have_happened_or_not()
    {
        Assert.True(Holds(Write("a", 0, 1), Write("b", 2, Operation.Never), Read("a", 3, 4), Read("b", 500, 501)));
        Assert.True(Holds(Write("a", 0, 1), Write("b", 2, Operation.Never), Read("a", 3, 4), Read("a", 500, 501)));
    }

    [Fact]
    public void An_unknown_write_takes_effect_at_most_once_and_not_before_it_began()
    {
        Assert.False(Holds(Write("a", 0, 1), Write("b", 2, Operation.Never), Read("b", 3, 4), Write("c", 5, 6), Read("b", 7, 8)));
        Assert.False(Holds(Write("a", 0, 1), Read("b", 2, 3), Write("b", 4, Operation.Never)));
    }

    [Fact]
    public void Increments_are_counted_once_each()
    {
        Assert.True(Holds(Increment("1", 0, 5), Increment("2", 0, 5), Read("2", 6, 7)));
        Assert.False(Holds(Increment("1", 0, 5), Increment("1", 0, 5)));
        Assert.False(Holds(Increment("1", 0, 1), Increment("3", 2, 3)));
        Assert.True(Holds(Increment("1", 0, 1), Increment(null, 2, Operation.Never), Increment("3", 4, 5)));
    }

    [Fact]
    public void A_swap_saw_what_it_replaced()
    {
        Assert.True(Holds(Write("a", 0, 1), Swap("a", "b", 2, 3), Read("b", 4, 5)));
        Assert.False(Holds(Write("a", 0, 1), Swap(null, "b", 2, 3)));
        Assert.False(Holds(Write("a", 0, 1), Swap("a", "b", 2, 10), Swap("a", "c", 2, 10)));
        Assert.True(Holds(Write("a", 0, 1), Swap(null, "b", 2, Operation.Never), Read("b", 3, 4)));
    }

    [Fact]
    public void A_write_if_absent_leaves_what_is_there()
    {
        Assert.True(Holds(WriteIfAbsent(null, "a", 0, 1), WriteIfAbsent("a", "b", 2, 3), Read("a", 4, 5)));
        Assert.False(Holds(WriteIfAbsent(null, "a", 0, 1), WriteIfAbsent("a", "b", 2, 3), Read("b", 4, 5)));
        Assert.False(Holds(Write("a", 0, 1), WriteIfAbsent(null, "b", 2, Operation.Never), Read("b", 3, 4)));
    }

    [Fact]
    public void A_compare_and_set_needs_what_it_expected_and_an_unknown_one_happens_only_then()
    {
        Assert.True(Holds(Write("a", 0, 1), CompareAndSet("a", "b", 2, 3), Read("b", 4, 5)));
        Assert.False(Holds(Write("a", 0, 1), Write("c", 2, 3), CompareAndSet("a", "b", 4, 5)));
        Assert.True(Holds(Write("a", 0, 1), CompareAndSet("a", "b", 2, Operation.Never), Read("b", 4, 5)));
        Assert.False(Holds(Write("a", 0, 1), Write("c", 2, 3), CompareAndSet("a", "b", 4, Operation.Never), Read("b", 6, 7)));
    }

    [Fact]
    public void Registers_are_independent_and_the_broken_one_is_named()
    {
        var verdict = Checker.Check([new(0, "x", OperationKind.Write, "1", 0, 1), new(0, "y", OperationKind.Read, "1", 2, 3), new(0, "x", OperationKind.Read, "1", 2, 3)]);
        Assert.False(verdict.IsLinearizable);
        Assert.Equal("y", verdict.Register);
        Assert.Contains("Read y 1", verdict.Explanation);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Histories_of_a_true_register_are_accepted_and_small_lies_in_them_are_not(int seed)
    {
        // Every operation really happens at a moment within its interval; then one read is made to lie.
        var random = new Random(seed);
        string? value = null;
        var history = new List<Operation>();
        for (var i = 0; i < 300; i++)
        {
            var moment = i * 10;
            var from = moment - random.Next(25);
            var to = random.Next(20) == 0 ? Operation.Never : moment + random.Next(25);
            if (random.Next(2) == 0)
            {
                value = i.ToString();
                history.Add(new Operation(i, "x", OperationKind.Write, value, from, to));
            }
            else if (to != Operation.Never) history.Add(new Operation(i, "x", OperationKind.Read, value, from, to));
        }
        Assert.True(Checker.Check(history).IsLinearizable);
        var lying = history.FindLastIndex(o => o.Kind == OperationKind.Read);
        history[lying] = history[lying] with { Value = "never written" };
        Assert.False(Checker.Check(history).IsLinearizable);
    }
}
