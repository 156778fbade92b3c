using System.Buffers;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Meta;
using TokMesh.Raft.Log;
using TokMesh.State.Entries;
using TokMesh.State.Replies;

namespace TokMesh.Cluster.Tests;

public sealed class ClusterMapTests : IApplySink
{
    private static readonly Bootstrap Bootstrap = Bootstrap.Create("abc".Select(c => new Candidate($"tmnd-{c}", Guid.NewGuid(), $"{c}:1", $"{c}:2", "")), 8, 3, 77);
    private static readonly Member Late = new(0, "tmnd-d", Guid.Parse("00000000-0000-0000-0000-000000000004"), "d:1", "d:2", "") { SinceMs = 99 };
    private readonly List<MetaView> _published = [];
    private readonly EntryBuilder _entry = new(static _ => true);
    private byte[] _reply = [];
    private ulong _index;

    private ClusterMap Map => _published[^1].Map;

    private string Error
    {
        get
        {
            var reader = new ReplyReader(_reply);
            return reader.IsError ? $"{reader.Error(out var detail).ToText()} {detail}" : "";
        }
    }

    [Fact]
    public void It_begins_as_the_bootstrap_has_it()
    {
        var map = ClusterMap.Of(Bootstrap);
        Assert.Equal((0UL, 4u), (map.Version, map.NextNumber));
        Assert.Equal(["tmnd-a", "tmnd-b", "tmnd-c"], map.Members.Select(m => m.NodeId));
        Assert.All(map.Members, m => Assert.Equal((77, MemberState.Active), (m.SinceMs, m.State)));
        Assert.Equal(9, map.Groups.Count);
        Assert.All(map.Groups, g => Assert.Equal([1u, 2, 3], g.Voters.Order().ToArray()));
        for (var shard = 0; shard < 8; shard++) Assert.Equal(Bootstrap.PlaceShards()[shard].Select(r => r.Value), map.Groups[shard + 1].Voters);
    }

    [Fact]
    public void Every_change_makes_a_version_and_one_that_changes_nothing_makes_none()
    {
        var meta = New();
        Assert.Equal(1, Change(meta, new MapChange { Join = Late }));
        Assert.Equal(1, Change(meta, new MapChange { Join = Late }));
        Assert.Equal(2, Change(meta, new MapChange { Plan = new PlannedMove(7, [1, 2, 4]) }));
        Assert.Equal(3, Change(meta, new MapChange { Plan = new PlannedMove(7, [1, 3, 4]) }));
        Assert.Equal(3, Change(meta, new MapChange { Cancel = 6 }));
        Assert.Equal(4, Change(meta, new MapChange { Cancel = 7 }));
        Assert.Equal(5, Change(meta, new MapChange { Leave = 4 }));
        Assert.Equal(5, Change(meta, new MapChange { Leave = 4 }));
        Assert.Equal([1UL, 2, 3, 4, 5], _published.Select(v => v.Map.Version));
        Assert.Equal([1u, 3, 4], _published[2].Map.Moves.Single().Voters);
        Assert.Equal(Late with { Number = 4, State = MemberState.Joining }, _published[3].Map.MemberOf(new MemberId(4)));
        Assert.Null(Map.MemberOf(new MemberId(4)));
    }

    [Fact]
    public void A_number_is_never_given_twice()
    {
        var meta = New();
        Change(meta, new MapChange { Join = Late });
        Change(meta, new MapChange { Leave = 4 });
        Change(meta, new MapChange { Join = Late with { NodeId = "tmnd-e", DirectoryId = Guid.NewGuid() } });
        Change(meta, new MapChange { Join = Late with { DirectoryId = Guid.NewGuid() } });
        Assert.Equal([(5u, "tmnd-e"), (6u, "tmnd-d")], Map.Members.Skip(3).Select(m => (m.Number, m.NodeId)));
    }

    [Fact]
    public void A_member_that_joins_again_keeps_its_number_and_says_where_it_is_now()
    {
        var meta = New();
        Change(meta, new MapChange { Join = Late });
        Change(meta, new MapChange { Join = Late with { Peer = "elsewhere:1", SinceMs = 500 } });
        Assert.Equal(Late with { Number = 4, Peer = "elsewhere:1", State = MemberState.Joining }, Map.Members[^1]);
        Change(meta, new MapChange { Join = Bootstrap.Nodes[0] with { Http = "elsewhere:2" } });
        Assert.Equal((1u, "elsewhere:2", 77L), (Map.Members[0].Number, Map.Members[0].Http, Map.Members[0].SinceMs));
    }

    [Fact]
    public void A_member_is_joining_until_it_is_ready_and_stays_so_when_it_joins_again()
    {
        var meta = New();
        Change(meta, new MapChange { Join = Late });
        Assert.Equal(MemberState.Joining, Map.Members[^1].State);
        Assert.Equal(2, Change(meta, new MapChange { Ready = 4 }));
        Assert.Equal(MemberState.Active, Map.Members[^1].State);
        // Told twice, or of nobody: nothing changes.
        Assert.Equal(2, Change(meta, new MapChange { Ready = 4 }));
        Assert.Equal(2, Change(meta, new MapChange { Ready = 44 }));
        Change(meta, new MapChange { Join = Late with { Http = "elsewhere:3" } });
        Assert.Equal((MemberState.Active, "elsewhere:3"), (Map.Members[^1].State, Map.Members[^1].Http));
    }

    [Fact]
    public void A_node_id_of_another_directory_is_refused()
    {
        var meta = New();
        Assert.Null(Change(meta, new MapChange { Join = Bootstrap.Nodes[1] with { DirectoryId = Guid.NewGuid() } }));
        Assert.StartsWith("TM-CLST-4090", Error, StringComparison.Ordinal);
        Assert.Contains("member 2", Error, StringComparison.Ordinal);
        Assert.Empty(_published);
    }

    [Fact]
    public void A_member_that_holds_something_cannot_leave()
    {
        var meta = New();
        Assert.Null(Change(meta, new MapChange { Leave = 2 }));
        Assert.Contains("holds 8 shards", Error, StringComparison.Ordinal);
        Change(meta, new MapChange { Join = Late });
        Placed(meta, 0, [1, 2, 4], [3], 10);
        Assert.Null(Change(meta, new MapChange { Leave = 4 }));
        Assert.Contains("a vote in meta", Error, StringComparison.Ordinal);
        Placed(meta, 0, [1, 2, 3], [4], 11);
        Placed(meta, 5, [1, 2, 3], [4], 10);
        Assert.Null(Change(meta, new MapChange { Leave = 4 }));
        Assert.Contains("holds 1 shards", Error, StringComparison.Ordinal);
        Placed(meta, 5, [1, 2, 3], [], 11);
        Assert.NotNull(Change(meta, new MapChange { Leave = 4 }));
    }

    [Fact]
    public void Of_two_words_on_a_group_the_one_that_stands_later_in_its_log_counts()
    {
        var meta = New();
        Placed(meta, 3, [1, 2], [3], 20);
        Placed(meta, 3, [1, 2, 3], [], 19);
        Placed(meta, 3, [2, 3], [], 20);
        Assert.Equal([1u, 2], Map.Groups[3].Voters.Order().ToArray());
        Assert.Equal([3u], Map.Groups[3].Learners);
        Assert.Equal((20UL, 1UL), (Map.Groups[3].Version, Map.Version));
        Placed(meta, 99, [1], [], 21);
        Assert.Equal(1UL, Map.Version);
    }

    [Fact]
    public void Who_stays_keeps_its_place_in_the_order_of_those_that_should_lead()
    {
        var meta = New();
        Change(meta, new MapChange { Join = Late });
        var before = Map.Groups[2].Voters;
        Placed(meta, 2, [.. before.Skip(1).Append(4u).Order()], [before[0]], 5);
        Assert.Equal([.. before.Skip(1), 4u], Map.Groups[2].Voters);
        Assert.Equal([before[0]], Map.Groups[2].Learners);
        Assert.Equal([.. before.Skip(1), 4u, before[0]], Map.LikelyReplicas(2).Select(m => m.Value));
    }

    [Fact]
    public void A_change_for_another_version_is_refused_and_told_the_current_one()
    {
        var meta = New();
        Assert.Equal(1, Change(meta, new MapChange { Join = Late, IfVersion = 0 }));
        Assert.Null(Change(meta, new MapChange { Leave = 4, IfVersion = 0 }));
        Assert.Contains("version 1", Error, StringComparison.Ordinal);
        Assert.Single(_published);
    }

    [Fact]
    public void A_snapshot_restores_the_map()
    {
        var meta = New();
        Change(meta, new MapChange { Join = Late });
        Change(meta, new MapChange { Plan = new PlannedMove(7, [1, 2, 4]) });
        Placed(meta, 8, [1, 2], [3], 20);
        var snapshot = new ArrayBufferWriter<byte>();
        meta.WriteSnapshot(snapshot);
        var restored = Restore(snapshot.WrittenSpan);
        Assert.Equal(_published[^2].Map, Map);
        Assert.Equal(meta.Digest(), restored.Digest());
        Assert.Equal(4, Change(restored, new MapChange { Cancel = 7, IfVersion = 3 }));
        Change(restored, new MapChange { Join = Late with { NodeId = "tmnd-e", DirectoryId = Guid.NewGuid() } });
        Assert.Equal(5u, Map.Members[^1].Number);
    }

    [Fact]
    public void Snapshots_of_former_releases_are_read_as_their_logs_are()
    {
        _ = Restore("""[{"key_id":"a","verifier":"v","role":"Admin","version":1}]"""u8);
        Assert.Equal((0UL, "a"), (Map.Version, _published[^1].ApiKeys.Keys.Single()));
        Assert.Equal(ClusterMap.Of(Bootstrap), Map);

        // Of nodes that came later they noted what is no membership any more; it counted as changes all the same.
        var replayed = New();
        Change(replayed, new MapChange { AddGuest = Late with { Number = 4, SinceMs = 0 } });
        Change(replayed, new MapChange { Plan = new PlannedMove(7, [1, 2]) });
        var restored = Restore("""
            {"keys":[],"map":{"version":2,"guests":[{"number":4,"node_id":"tmnd-d","directory_id":"00000000-0000-0000-0000-000000000004","peer":"d:1","http":"d:2","redis":""}],
            "moves":[{"shard":7,"voters":[1,2]}]}}
            """u8);
        Assert.Equal(replayed.Digest(), restored.Digest());
        Assert.Equal(3, Map.Members.Count);
        Change(replayed, new MapChange { RemoveGuest = 4 });
        Change(restored, new MapChange { RemoveGuest = 4 });
        Assert.Equal(replayed.Digest(), restored.Digest());
        Assert.Equal(3UL, Map.Version);
    }

    [Fact]
    public void The_map_can_be_read()
    {
        var meta = New();
        Change(meta, new MapChange { Join = Late });
        var reply = new ArrayBufferWriter<byte>();
        meta.Query(MetaOps.ReadMap(), 0, reply);
        Assert.Equal(Map, MetaOps.ReadMap(new ReplyReader(reply.WrittenSpan).Bulk()));
    }

    void IApplySink.Applied(ulong origin, ulong seq, ReadOnlySpan<byte> reply) => _reply = reply.ToArray();

    private MetaState New() => new(ClusterMap.Of(Bootstrap), _published.Add);

    private MetaState Restore(ReadOnlySpan<byte> snapshot) => new(ClusterMap.Of(Bootstrap), _published.Add, snapshot);

    private void Placed(MetaState meta, uint group, uint[] voters, uint[] learners, ulong version) =>
        Assert.NotNull(Change(meta, new MapChange { Placed = new PlacedGroup(group, new GroupPlace(voters, learners, version)) }));

    private long? Change(MetaState meta, MapChange change)
    {
        _entry.Start(1);
        _entry.Append(1, 0, ++_index, MetaOps.ChangeMap(change));
        meta.Apply(_index, _entry.Written.Span, this);
        var reader = new ReplyReader(_reply);
        return reader.IsError ? null : reader.Integer();
    }
}
