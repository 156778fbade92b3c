using TokMesh.Cluster.Starts;

namespace TokMesh.Cluster.Tests;

/// <summary>What is known of a node's past against what it says of it, case by case.</summary>
public sealed class PastJudgeTests
{
    private static readonly NodeStart First = new(1, 0xA1);
    private static readonly NodeStart Second = new(2, 0xA2);
    private static readonly NodeStart Third = new(3, 0xA3);

    [Fact]
    public void A_node_that_was_never_here_may_take_part() => Assert.Null(Judge(null, new NodePast([First], 0)));

    [Fact]
    public void A_node_that_does_not_say_which_start_this_is_is_refused() => AssertRefused("TM-CLST-4091", Judge(null, new NodePast([], 5)));

    [Fact]
    public void The_same_start_may_come_again() => Assert.Null(Judge(Known(Second, 50), new NodePast([First, Second], 10), isAlive: true));

    [Fact]
    public void The_next_start_with_all_that_was_durable_may_take_part()
    {
        Assert.Null(Judge(Known(First, 50), new NodePast([First, Second], 50)));
        Assert.Null(Judge(Known(First, 50), new NodePast([First, Second, Third], 51)));
    }

    [Fact]
    public void A_start_that_goes_on_from_an_older_copy_is_refused()
    {
        // The copy was taken in the first start; its next one has the number that another run had.
        AssertRefused("TM-CLST-4091", Judge(Known(Second, 50), new NodePast([First, new NodeStart(2, 0xB2)], 90)));
        // Started more often than the node itself had been: the numbers are passed, the past is another.
        AssertRefused("TM-CLST-4091", Judge(Known(Second, 50), new NodePast([First, new NodeStart(2, 0xB2), new NodeStart(3, 0xB3)], 90)));
        AssertRefused("TM-CLST-4091", Judge(Known(Third, 50), new NodePast([First, Second], 90)));
    }

    [Fact]
    public void A_log_that_ends_before_what_was_durable_is_refused()
    {
        var refusal = AssertRefused("TM-CLST-4092", Judge(Known(First, 50), new NodePast([First, Second], 49)));
        Assert.Contains("ends at write 49, but write 50 was durable", refusal.Message);
        Assert.Contains("put its newest directory back", refusal.Message);
    }

    [Fact]
    public void While_its_former_start_is_heard_another_one_must_wait()
    {
        var refusal = Judge(Known(First, 50), new NodePast([First, Second], 50), isAlive: true);
        Assert.Equal("TM-CLST-4093", refusal?.Code);
        Assert.False(refusal!.IsFinal);
    }

    [Fact]
    public void Somebody_who_knows_only_a_start_that_is_not_listed_any_more_goes_by_its_number()
    {
        var listed = Enumerable.Range(100, StartHistory.MaxStarts).Select(n => new NodeStart((ulong)n, (ulong)n)).ToArray();
        Assert.Null(Judge(Known(new NodeStart(7, 7), 50), new NodePast(listed, 60)));
        AssertRefused("TM-CLST-4091", Judge(Known(new NodeStart(500, 7), 50), new NodePast(listed, 60)));
    }

    [Fact]
    public void Nothing_that_goes_on_from_a_start_that_had_lost_entries_may_take_part()
    {
        var bad = new NodeStart(2, 0xB2);
        var condemned = Known(First, 50).Admit(new NodePast([First, bad], 50)).Condemn();
        AssertRefused("TM-CLST-4094", Judge(condemned, new NodePast([First, bad], 60)));
        AssertRefused("TM-CLST-4094", Judge(condemned, new NodePast([First, bad, new NodeStart(3, 0xB3)], 90)));
        // The right directory goes on from what was known before.
        Assert.Null(Judge(condemned, new NodePast([First, Second], 50)));
        AssertRefused("TM-CLST-4092", Judge(condemned, new NodePast([First, Second], 49)));
    }

    [Fact]
    public void A_record_is_stored_whole()
    {
        var record = new PeerRecord(new NodeStart(1, 2), 3, new NodeStart(4, 5), 6, new NodeStart(7, 8));
        Assert.Equal(record, PeerRecord.Decode(record.Encode()));
        Assert.Throws<FormatException>(() => PeerRecord.Decode(new byte[63]));
    }

    [Fact]
    public void A_history_keeps_the_newest_starts_with_consecutive_numbers()
    {
        var history = StartHistory.Decode([]);
        Assert.Equal(NodeStart.None, history.Current);
        for (ulong n = 1; n <= 40; n++)
        {
            history = StartHistory.Decode(history.With(n * 10).Encode());
            Assert.Equal(new NodeStart(n, n * 10), history.Current);
        }
        Assert.Equal(StartHistory.MaxStarts, history.Starts.Count);
        Assert.Equal(Enumerable.Range(9, 32).Select(n => (ulong)n), history.Starts.Select(s => s.Number));
    }

    private static PeerRecord Known(NodeStart start, ulong sequence) => new(start, sequence, NodeStart.None, 0, NodeStart.None);

    private static HelloRefusal? Judge(PeerRecord? known, NodePast past, bool isAlive = false) => PastJudge.Judge("tmnd-x", known, past, isAlive);

    private static HelloRefusal AssertRefused(string code, HelloRefusal? refusal)
    {
        Assert.Equal(code, refusal?.Code);
        Assert.True(refusal!.IsFinal);
        Assert.Contains("tmnd-x", refusal.Message);
        return refusal;
    }
}
