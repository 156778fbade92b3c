using TokMesh.Cluster.Replicas;
using TokMesh.Raft.Log;

namespace TokMesh.Cluster.Tests;

public class ProposalBatchTests
{
    [Theory]
    [InlineData(0, 0, true)]
    [InlineData(1, 0, false)]
    [InlineData(1, 1, true)]
    [InlineData(2, 0, false)]
    [InlineData(2, 1, true)]
    [InlineData(5, 2, false)]
    [InlineData(5, 3, true)]
    public void A_round_is_mostly_over_when_half_of_it_is_committed(int entries, int committed, bool over)
    {
        var batch = new ProposalBatch();
        for (var i = 0; i < entries; i++) batch.Begun();
        for (var i = 0; i < committed; i++) batch.Ended();
        Assert.Equal(over, batch.IsMostlyOver);
    }

    [Fact]
    public void Entries_end_in_the_order_of_the_log()
    {
        var (first, second) = (new ProposalBatch(), new ProposalBatch());
        var entries = new BatchEntries();
        entries.Add(new LogIndex(5), first);
        entries.Add(new LogIndex(9), second);

        entries.Committed(new LogIndex(4));
        Assert.False(first.IsMostlyOver);
        entries.Committed(new LogIndex(8));
        Assert.True(first.IsMostlyOver);
        Assert.False(second.IsMostlyOver);
        entries.Committed(new LogIndex(9));
        Assert.True(second.IsMostlyOver);
    }

    [Fact]
    public void No_round_waits_for_a_leader_that_was_deposed()
    {
        var batch = new ProposalBatch();
        var entries = new BatchEntries();
        entries.Add(new LogIndex(5), batch);
        entries.Clear();
        Assert.True(batch.IsMostlyOver);

        // What a later leader commits at that index is another matter.
        entries.Committed(new LogIndex(5));
        Assert.True(batch.IsMostlyOver);
    }
}
