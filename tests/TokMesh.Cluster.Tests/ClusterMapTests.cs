using System.Buffers;
using System.Text;
using TokMesh.State;

namespace TokMesh.Cluster.Tests;

public sealed class ClusterMapTests : IApplySink
{
    private static readonly FoundingNode Guest = new(4, "tmnd-d", Guid.Parse("00000000-0000-0000-0000-000000000004"), "d:1", "d:2", "");
    private readonly List<MetaView> _published = [];
    private readonly EntryBuilder _entry = new(MetaOps.IsWellFormed);
    private byte[] _reply = [];
    private ulong _index;

    [Fact]
    public void Every_change_makes_a_version_and_one_that_changes_nothing_makes_none()
    {
        var meta = new MetaState(_published.Add);
        Assert.Equal(1, Change(meta, new MapChange { AddGuest = Guest }));
        Assert.Equal(1, Change(meta, new MapChange { AddGuest = Guest }));
        Assert.Equal(2, Change(meta, new MapChange { Plan = new PlannedMove(7, [1, 2, 4]) }));
        Assert.Equal(3, Change(meta, new MapChange { Plan = new PlannedMove(7, [1, 3, 4]) }));
        Assert.Equal(3, Change(meta, new MapChange { Cancel = 8 }));
        Assert.Equal(4, Change(meta, new MapChange { Cancel = 7 }));
        Assert.Equal(5, Change(meta, new MapChange { RemoveGuest = 4 }));
        Assert.Equal([1UL, 2, 3, 4, 5], _published.Select(v => v.Map.Version));
        Assert.Equal([1u, 3, 4], _published[2].Map.Moves.Single().Voters);
        Assert.Equal([Guest], _published[3].Map.Guests);
        Assert.Empty(_published[4].Map.Guests);
    }

    [Fact]
    public void A_change_for_another_version_is_refused_and_told_the_current_one()
    {
        var meta = new MetaState(_published.Add);
        Assert.Equal(1, Change(meta, new MapChange { AddGuest = Guest, IfVersion = 0 }));
        Assert.Null(Change(meta, new MapChange { RemoveGuest = 4, IfVersion = 0 }));
        Assert.Contains("version 1", Encoding.UTF8.GetString(_reply), StringComparison.Ordinal);
        Assert.Single(_published);
    }

    [Fact]
    public void A_snapshot_restores_the_map_and_one_from_before_there_was_a_map_restores_the_keys()
    {
        var meta = new MetaState(_published.Add);
        Change(meta, new MapChange { AddGuest = Guest });
        Change(meta, new MapChange { Plan = new PlannedMove(7, [1, 2, 4]) });
        var snapshot = new ArrayBufferWriter<byte>();
        meta.WriteSnapshot(snapshot);
        var restored = new MetaState(_published.Add, snapshot.WrittenSpan);
        Assert.Equal(_published[^2].Map, _published[^1].Map);
        Assert.Equal(meta.Digest(), restored.Digest());
        Assert.Equal(3, Change(restored, new MapChange { Cancel = 7, IfVersion = 2 }));

        _ = new MetaState(_published.Add, """[{"key_id":"a","verifier":"v","role":"Admin","version":1}]"""u8);
        Assert.Equal((0UL, "a"), (_published[^1].Map.Version, _published[^1].ApiKeys.Keys.Single()));
    }

    [Fact]
    public void The_map_can_be_read()
    {
        var meta = new MetaState(_published.Add);
        Change(meta, new MapChange { AddGuest = Guest });
        var reply = new ArrayBufferWriter<byte>();
        meta.Query(MetaOps.ReadMap(), 0, reply);
        Assert.Equal(_published[^1].Map, MetaOps.ReadMap(new ReplyReader(reply.WrittenSpan).Bulk()));
    }

    void IApplySink.Applied(ulong origin, ulong seq, ReadOnlySpan<byte> reply) => _reply = reply.ToArray();

    private long? Change(MetaState meta, MapChange change)
    {
        _entry.Start(1);
        _entry.Append(1, 0, ++_index, MetaOps.ChangeMap(change));
        meta.Apply(_index, _entry.Written.Span, this);
        var reader = new ReplyReader(_reply);
        return reader.IsError ? null : reader.Integer();
    }
}
