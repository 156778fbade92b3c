using System.Buffers;
using System.Text;
using TokMesh.Cluster.Placement;
using TokMesh.Orleans.Grains;
using TokMesh.Orleans.Placement;
using TokMesh.State.Keys;
using TokMesh.State.Queries;
using TokMesh.State.Replies;

namespace TokMesh.Orleans.Tests.Grains;

public sealed class ReplicaGrainTests(ThreeSilos silos) : IClassFixture<ThreeSilos>
{
    [Fact]
    public async Task Every_node_shows_its_replica_of_a_shard_and_one_of_them_leads()
    {
        var leader = await silos.LeaderOfAsync(0);
        foreach (var id in silos.NodeIds)
        {
            var view = (await silos.Replica(0, id).Status(digest: true))!;
            Assert.Equal(id == leader, view.Role == "leader");
            Assert.Equal(leader, view.Leader);
            Assert.Equal([1u, 2, 3], view.Voters);
            Assert.False(view.IsJoint);
            Assert.NotNull(view.Digest);
        }
    }

    [Fact]
    public async Task The_control_plane_has_replicas_like_every_shard() =>
        Assert.NotNull(await silos.Replica(IReplicaGrain.Meta, "tmnd-1").Status());

    [Fact]
    public async Task A_grain_lives_on_the_silo_of_its_node_whoever_calls()
    {
        foreach (var caller in silos.Cluster.Silos)
        {
            foreach (var id in silos.NodeIds)
            {
                var grain = ((IGrainFactory)caller.ServiceProvider.GetService(typeof(IGrainFactory))!).GetGrain<IReplicaGrain>(1, id, null);
                await grain.Status();
                Assert.True(silos.Cluster.TryGetGrainContext(grain.GetGrainId(), out var context));
                Assert.Equal(silos.SiloOf(id).SiloAddress, context.Address.SiloAddress);
            }
        }
    }

    [Theory]
    [InlineData("tmnd-absent")]
    [InlineData("nonsense")]
    public async Task A_call_for_a_node_that_is_not_in_the_cluster_fails_at_once_and_says_so(string nodeId)
    {
        var error = await Assert.ThrowsAnyAsync<Exception>(() => silos.Replica(0, nodeId).Status());
        Assert.Contains($"node {nodeId} is not in the cluster", error.ToString(), StringComparison.Ordinal);
        Assert.False(silos.Cluster.TryGetGrainContext(silos.Replica(0, nodeId).GetGrainId(), out _));
    }

    [Theory]
    [InlineData(-2)]
    [InlineData(8)]
    public async Task There_is_no_grain_for_a_shard_that_does_not_exist(long shard)
    {
        var error = await Assert.ThrowsAsync<NodeNotHereException>(() => silos.Replica(shard, "tmnd-1").Status());
        Assert.Contains("allowed is 0 to 7", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_leader_takes_a_proposal_and_every_replica_answers_a_read_of_it()
    {
        var (key, shard) = KeyOf("proposed");
        var leader = await silos.LeaderOfAsync(shard);
        var reply = await silos.Replica(shard, leader).Propose(Encode(b => KeyOps.Set(b, key, "1"u8, SetFlags.None, ExpiryMode.None, 0)), 5000);
        Assert.Equal((ReplicaOutcome.Answered, ""), (reply.Outcome, reply.Code));
        foreach (var id in silos.NodeIds)
        {
            foreach (var staleness in (int[])[0, 60_000])
            {
                var read = await silos.Replica(shard, id).Read(Encode(b => QueryForms.Get(b, key)), staleness, 5000);
                Assert.Equal(ReplicaOutcome.Answered, read.Outcome);
                if (staleness == 0) Assert.Equal("1", Encoding.UTF8.GetString(new ReplyReader(read.Body).Bulk()));
            }
        }
    }

    [Fact]
    public async Task A_follower_takes_no_proposal_and_names_the_leader()
    {
        var (key, shard) = KeyOf("refused");
        var leader = await silos.LeaderOfAsync(shard);
        var follower = silos.NodeIds.First(id => id != leader);
        var reply = await silos.Replica(shard, follower).Propose(Encode(b => KeyOps.Set(b, key, "1"u8, SetFlags.None, ExpiryMode.None, 0)), 5000);
        Assert.Equal((ReplicaOutcome.NotLeader, leader), (reply.Outcome, reply.Leader));
        var read = await silos.Replica(shard, leader).Read(Encode(b => QueryForms.Get(b, key)), 0, 5000);
        Assert.Equal(ReplyTag.Nil, new ReplyReader(read.Body).Tag);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(600_001)]
    public async Task A_deadline_is_checked(int deadlineMs) =>
        Assert.Contains("allowed is 1 to 600000", (await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() =>
            silos.Replica(0, "tmnd-1").Read(Encode(b => QueryForms.Get(b, "k"u8)), 0, deadlineMs))).Message, StringComparison.Ordinal);

    [Fact]
    public async Task A_change_of_members_is_answered_with_its_reason()
    {
        await ThreeSilos.UntilAsync("a follower refuses", async () =>
        {
            var leader = await silos.LeaderOfAsync(2);
            return (await silos.Replica(2, silos.NodeIds.First(id => id != leader)).ChangeMembers([1, 2, 3], [])).Status == "notleader";
        });
        var refused = await silos.ChangeMembersAsync(2, [1, 2, 3, 9], []);
        Assert.Equal((false, "invalid"), (refused.Accepted, refused.Status));
        Assert.Contains("add it as one first", refused.Reason, StringComparison.Ordinal);
        Assert.Equal("unchanged", (await silos.ChangeMembersAsync(2, [1, 2, 3], [])).Status);
    }

    [Fact]
    public async Task A_voter_can_be_left_out_and_taken_back_through_the_grain()
    {
        var leader = await silos.LeaderOfAsync(3);
        var others = silos.NodeIds.Where(id => id != leader).ToArray();
        var gone = uint.Parse(others[0][^1..], System.Globalization.CultureInfo.InvariantCulture);
        var kept = ((uint[])[1, 2, 3]).Where(n => n != gone).ToArray();
        await ChangedAsync(kept, []);
        await ChangedAsync(kept, [gone]);
        await ChangedAsync([1, 2, 3], []);

        async Task ChangedAsync(uint[] voters, uint[] learners) => await ThreeSilos.UntilAsync($"voters are {string.Join(' ', voters)}", async () =>
        {
            await silos.ChangeMembersAsync(3, voters, learners);
            var view = (await silos.Replica(3, leader).Status())!;
            return view.Voters.SequenceEqual(voters) && view.Learners.SequenceEqual(learners) && !view.IsJoint;
        });
    }

    [Fact]
    public async Task Leadership_is_handed_to_who_is_named()
    {
        var to = "";
        // Somebody else may have been elected before it is asked, on a machine that stood still for a moment.
        await ThreeSilos.UntilAsync("a transfer has begun", async () =>
        {
            var leader = await silos.LeaderOfAsync(4);
            to = silos.NodeIds.First(id => id != leader);
            return (await silos.Replica(4, leader).Transfer(to)).Started;
        });
        await ThreeSilos.UntilAsync($"{to} leads", async () => (await silos.Replica(4, to).Status())!.Role == "leader");
    }

    [Fact]
    public async Task A_transfer_that_cannot_be_is_answered_with_a_word() => await ThreeSilos.UntilAsync("each is refused for its reason", async () =>
    {
        var leader = await silos.LeaderOfAsync(5);
        var replica = silos.Replica(5, leader);
        return (await replica.Transfer(leader)).Status == "alreadyleads" && (await replica.Transfer("tmnd-nobody")).Status == "notvoter"
            && (await silos.Replica(5, silos.NodeIds.First(id => id != leader)).Transfer(leader)).Status == "notleader";
    });

    [Fact]
    public async Task A_snapshot_is_written_when_it_is_asked_for()
    {
        var (key, shard) = KeyOf("snapshot");
        var leader = await silos.LeaderOfAsync(shard);
        await silos.Replica(shard, leader).Propose(Encode(b => KeyOps.Set(b, key, "1"u8, SetFlags.None, ExpiryMode.None, 0)), 5000);
        foreach (var id in silos.NodeIds)
        {
            Assert.True(await silos.Replica(shard, id).TakeSnapshot());
            await ThreeSilos.UntilAsync("the snapshot is on disk", async () =>
                (await silos.Replica(shard, id).Status())!.SnapshotIndex > 0);
        }
    }

    private static byte[] Encode(Action<IBufferWriter<byte>> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        write(buffer);
        return buffer.WrittenSpan.ToArray();
    }

    private static (byte[] Key, long Shard) KeyOf(string name)
    {
        var key = Encoding.UTF8.GetBytes(name);
        return (key, Sharding.OfKey(key, 8).Value);
    }
}
