using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;

namespace TokMesh.Raft.Tests;

/// <summary>Majority arithmetic by table, and against a version that is too simple to be wrong.</summary>
public sealed class QuorumTests
{
    private readonly record struct Acknowledged(Dictionary<uint, ulong> Positions) : Quorum.IReached
    {
        public ulong Of(MemberId voter) => Positions.GetValueOrDefault(voter.Value);
    }

    // Voters and how far each is, in order; a voter that was never heard is at zero.
    [Theory]
    [InlineData(new[] { 12 }, 12)]
    [InlineData(new[] { 0 }, 0)]
    [InlineData(new[] { 12, 5 }, 5)]
    [InlineData(new[] { 12, 0 }, 0)]
    [InlineData(new[] { 12, 5, 0 }, 5)]
    [InlineData(new[] { 12, 5, 6 }, 6)]
    [InlineData(new[] { 12, 0, 0 }, 0)]
    [InlineData(new[] { 100, 101, 99 }, 100)]
    [InlineData(new[] { 100, 101, 103, 104 }, 101)]
    [InlineData(new[] { 5, 5, 5, 0 }, 5)]
    [InlineData(new[] { 5, 5, 0, 0 }, 0)]
    [InlineData(new[] { 100, 101, 103, 103, 104 }, 103)]
    [InlineData(new[] { 101, 104, 103, 103, 0 }, 103)]
    [InlineData(new[] { 7, 1, 9, 3, 5, 2, 8 }, 5)]
    public void A_majority_has_reached(int[] reached, int expected) // etcd: majority_commit
    {
        var voters = Enumerable.Range(1, reached.Length).Select(i => (uint)i).ToArray();
        var acknowledged = new Acknowledged(voters.ToDictionary(v => v, v => (ulong)reached[v - 1]));
        Assert.Equal((ulong)expected, Quorum.Reached(Of(voters), acknowledged));
        // An empty half behaves like the other half, and so does the same half twice.
        Assert.Equal((ulong)expected, Quorum.Reached(Of(voters, voters), acknowledged));
    }

    [Theory]
    [InlineData(new[] { 1 }, new[] { 2 }, new[] { 100, 101 }, 100)]
    [InlineData(new[] { 1, 2 }, new[] { 3, 4 }, new[] { 99, 100, 100, 101 }, 99)]
    [InlineData(new[] { 1, 2, 3 }, new[] { 4, 5, 6 }, new[] { 12, 11, 10, 3, 2, 1 }, 2)]
    [InlineData(new[] { 1, 2, 3 }, new[] { 4, 5, 6 }, new[] { 12, 11, 10, 0, 0, 1 }, 0)]
    [InlineData(new[] { 1, 2, 3 }, new[] { 1, 4, 5 }, new[] { 50, 40, 0, 30, 0 }, 30)]
    [InlineData(new[] { 1, 2, 3 }, new[] { 1 }, new[] { 50, 40, 30 }, 40)]
    [InlineData(new[] { 1, 2, 3 }, new[] { 1 }, new[] { 0, 40, 30 }, 0)]
    public void A_majority_of_each_half_has_reached(int[] incoming, int[] outgoing, int[] reached, int expected) // etcd: joint_commit
    {
        var acknowledged = new Acknowledged(Enumerable.Range(1, reached.Length).ToDictionary(i => (uint)i, i => (ulong)reached[i - 1]));
        Assert.Equal((ulong)expected, Quorum.Reached(Of([.. incoming.Select(i => (uint)i)], [.. outgoing.Select(i => (uint)i)]), acknowledged));
        Assert.Equal((ulong)expected, Quorum.Reached(Of([.. outgoing.Select(i => (uint)i)], [.. incoming.Select(i => (uint)i)]), acknowledged));
    }

    // y, n and _ for yes, no and not heard.
    [Theory]
    [InlineData("y", "", Quorum.Vote.Won)]
    [InlineData("n", "", Quorum.Vote.Lost)]
    [InlineData("_", "", Quorum.Vote.Pending)]
    [InlineData("yn", "", Quorum.Vote.Lost)]
    [InlineData("y_", "", Quorum.Vote.Pending)]
    [InlineData("yy", "", Quorum.Vote.Won)]
    [InlineData("yy_", "", Quorum.Vote.Won)]
    [InlineData("yn_", "", Quorum.Vote.Pending)]
    [InlineData("nn_", "", Quorum.Vote.Lost)]
    [InlineData("yynn", "", Quorum.Vote.Lost)]
    [InlineData("yyn_", "", Quorum.Vote.Pending)]
    [InlineData("yyy_", "", Quorum.Vote.Won)]
    [InlineData("yynny", "", Quorum.Vote.Won)]
    [InlineData("yy_nn", "", Quorum.Vote.Pending)]
    [InlineData("yyy", "nn_", Quorum.Vote.Lost)]
    [InlineData("yyy", "yn_", Quorum.Vote.Pending)]
    [InlineData("yyy", "yy_", Quorum.Vote.Won)]
    [InlineData("y__", "nn_", Quorum.Vote.Lost)]
    [InlineData("___", "yyy", Quorum.Vote.Pending)]
    public void Votes_are_won_lost_or_open(string incoming, string outgoing, Quorum.Vote expected) // etcd: majority_vote, joint_vote
    {
        var votes = incoming + outgoing;
        var voters = Enumerable.Range(1, incoming.Length).Select(i => (uint)i).ToArray();
        var others = Enumerable.Range(incoming.Length + 1, outgoing.Length).Select(i => (uint)i).ToArray();
        Assert.Equal(expected, Quorum.Count(Of(voters, others), id => Heard(votes[(int)id.Value - 1])));
        if (outgoing.Length > 0) Assert.Equal(expected, Quorum.Count(Of(others, voters), id => Heard(votes[(int)id.Value - 1])));
    }

    [Fact]
    public void It_agrees_with_counting_by_hand()
    {
        var random = new Random(38);
        for (var round = 0; round < 20_000; round++)
        {
            // Halves overlap; the outgoing one is often empty; more than sixteen voters take another path inside.
            var incoming = Some(random, random.Next(20) == 0 ? 30 : 8, atLeast: 1);
            var outgoing = random.Next(2) == 0 ? [] : Some(random, 8, atLeast: 0);
            var configuration = Of(incoming, outgoing);
            var reached = new Acknowledged(Enumerable.Range(1, 40).ToDictionary(i => (uint)i, _ => (ulong)random.Next(6)));
            var naive = 0ul;
            for (ulong at = 1; at <= 5; at++)
                if (Majority(incoming, v => reached.Positions[v] >= at) && (outgoing.Length == 0 || Majority(outgoing, v => reached.Positions[v] >= at))) naive = at;
            Assert.Equal(naive, Quorum.Reached(configuration, reached));

            var votes = Enumerable.Range(1, 40).ToDictionary(i => (uint)i, _ => random.Next(3) switch { 0 => true, 1 => false, _ => (bool?)null });
            var won = Majority(incoming, v => votes[v] == true) && (outgoing.Length == 0 || Majority(outgoing, v => votes[v] == true));
            var open = Majority(incoming, v => votes[v] != false) && (outgoing.Length == 0 || Majority(outgoing, v => votes[v] != false));
            Assert.Equal(won ? Quorum.Vote.Won : open ? Quorum.Vote.Pending : Quorum.Vote.Lost, Quorum.Count(configuration, id => votes[id.Value]));
        }
    }

    private static bool Majority(uint[] voters, Func<uint, bool> says) => voters.Count(says) * 2 > voters.Length;

    private static uint[] Some(Random random, int of, int atLeast)
    {
        var all = Enumerable.Range(1, of).Select(i => (uint)i).ToArray();
        random.Shuffle(all);
        return all[..random.Next(atLeast, of + 1)];
    }

    private static bool? Heard(char vote) => vote switch { 'y' => true, 'n' => false, _ => null };

    private static Configuration Of(uint[] voters, uint[]? outgoing = null) => new()
    {
        Voters = [.. voters.Select(v => new MemberId(v))],
        VotersOutgoing = [.. (outgoing ?? []).Select(v => new MemberId(v))],
    };
}
