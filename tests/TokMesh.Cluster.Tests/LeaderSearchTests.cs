using TokMesh.Cluster.Routing;
using TokMesh.Raft.Log;

namespace TokMesh.Cluster.Tests;

public sealed class LeaderSearchTests
{
    private static readonly MemberId[] Nodes = [new(1), new(2), new(3), new(4), new(5)];

    [Fact]
    public void Nodes_that_left_and_point_at_each_other_are_asked_once_in_a_round()
    {
        // This node (3) follows 2 and 2 follows 4 since they left; 4 is gone. 1 leads.
        var search = Search(self: 3, reachable: [1, 2, 3, 5]);

        Assert.Equal(new(2), search.Next(new(2), Nodes));
        Assert.Equal(MemberId.None, search.Follow(new(2), new(4)));
        Assert.Equal(new(1), search.Next(new(2), Nodes));
    }

    [Fact]
    public void Two_that_name_each_other_do_not_keep_a_search_between_them()
    {
        var search = Search(self: 5, reachable: [1, 2, 3, 4, 5]);

        Assert.Equal(new(1), search.Next(MemberId.None, Nodes));
        Assert.Equal(new(2), search.Follow(new(1), new(2)));
        Assert.Equal(new(1), search.Follow(new(2), new(1)));
        Assert.Equal(MemberId.None, search.Follow(new(1), new(2)));
        Assert.Equal(new(3), search.Next(MemberId.None, Nodes));
    }

    [Fact]
    public void One_that_refused_is_asked_again_when_another_says_that_it_leads()
    {
        var search = Search(self: 5, reachable: [1, 2, 3, 4, 5]);

        Assert.Equal(new(1), search.Next(MemberId.None, Nodes));
        Assert.Equal(MemberId.None, search.Follow(new(1), MemberId.None));
        Assert.Equal(new(2), search.Next(MemberId.None, Nodes));
        Assert.Equal(new(1), search.Follow(new(2), new(1)));
    }

    [Fact]
    public void One_that_did_not_answer_is_not_asked_again_in_a_round_whoever_names_it()
    {
        var search = Search(self: 5, reachable: [1, 2, 3, 4, 5]);

        Assert.Equal(new(1), search.Next(new(1), Nodes));
        search.DidNotAnswer(new(1));
        Assert.Equal(new(2), search.Next(new(1), Nodes));
        Assert.Equal(MemberId.None, search.Follow(new(2), new(1)));
        Assert.Equal(new(3), search.Next(new(1), Nodes));
    }

    [Fact]
    public void When_everyone_was_asked_the_next_round_begins_from_the_front()
    {
        var search = Search(self: 1, reachable: [1, 2, 3]);

        foreach (var node in new MemberId[] { new(2), new(3) })
        {
            Assert.Equal(node, search.Next(MemberId.None, Nodes));
            Assert.Equal(MemberId.None, search.Follow(node, node));
        }
        Assert.Equal(MemberId.None, search.Next(MemberId.None, Nodes));
        Assert.Equal(new(2), search.Next(MemberId.None, Nodes));
    }

    [Fact]
    public void This_node_is_asked_when_its_replica_leads_and_not_without_one()
    {
        Assert.Equal(new(1), Search(self: 1, reachable: [1, 2]).Next(new(1), Nodes));
        var search = Search(self: 1, reachable: [2]);
        Assert.Equal(new(2), search.Next(MemberId.None, Nodes));
        Assert.Equal(MemberId.None, search.Follow(new(2), new(1)));
    }

    private static LeaderSearch Search(uint self, uint[] reachable) => new(new(self), node => reachable.Contains(node.Value));
}
