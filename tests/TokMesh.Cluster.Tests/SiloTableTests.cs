using System.Buffers;
using TokMesh.Cluster.Meta;
using TokMesh.State.Entries;
using TokMesh.State.Replies;

namespace TokMesh.Cluster.Tests;

/// <summary>Orleans' membership table as a state of meta.</summary>
public sealed class SiloTableTests : IApplySink
{
    private readonly List<MetaView> _published = [];
    private readonly EntryBuilder _entry = new(MetaOps.IsWellFormed);
    private byte[] _reply = [];
    private ulong _index;

    [Fact]
    public void Rows_are_written_at_the_next_version_alone()
    {
        var meta = New();
        Assert.Null(Change(meta, new SiloChange { Insert = Row("a", 2) }));
        Assert.Equal(1, Change(meta, new SiloChange { Insert = Row("a", 1) }));
        Assert.Null(Change(meta, new SiloChange { Insert = Row("b", 1) }));
        Assert.Null(Change(meta, new SiloChange { Insert = Row("a", 2) }));
        Assert.Equal(2, Change(meta, new SiloChange { Insert = Row("b", 2) }));
        Assert.Null(Change(meta, new SiloChange { Update = Row("a", 3), RowVersion = 2 }));
        Assert.Null(Change(meta, new SiloChange { Update = Row("c", 3), RowVersion = 1 }));
        Assert.Equal(3, Change(meta, new SiloChange { Update = Row("a", 3, isDead: true), RowVersion = 1 }));
        Assert.Equal([Row("a", 3, isDead: true), Row("b", 2)], _published[^1].Silos.Rows);
        Assert.Equal(3, _published.Count);
    }

    [Fact]
    public void Signs_of_life_and_cleaning_up_keep_the_version()
    {
        var meta = New();
        Change(meta, new SiloChange { Insert = Row("a", 1, isDead: true) });
        Change(meta, new SiloChange { Insert = Row("b", 2) });
        Assert.Equal(2, Change(meta, new SiloChange { Sign = new SiloSign("a", 500) }));
        Assert.Equal(2, Change(meta, new SiloChange { Sign = new SiloSign("nobody", 500) }));
        Assert.Equal(500, _published[^1].Silos.Rows[0].AliveTicks);
        Assert.Equal(2, Change(meta, new SiloChange { CleanUp = 500 }));
        Assert.Equal(2, _published[^1].Silos.Rows.Count);
        Assert.Equal(2, Change(meta, new SiloChange { CleanUp = 501 }));
        Assert.Equal(["b"], _published[^1].Silos.Rows.Select(r => r.Silo));
        Assert.Equal(2, Change(meta, new SiloChange { Clear = true }));
        Assert.Empty(_published[^1].Silos.Rows);
        Assert.Equal(3, Change(meta, new SiloChange { Insert = Row("a", 3) }));
    }

    [Fact]
    public void A_snapshot_restores_it_and_one_from_before_it_has_none()
    {
        var meta = New();
        var snapshot = new ArrayBufferWriter<byte>();
        meta.WriteSnapshot(snapshot);
        Assert.Equal(SiloTable.Empty, Restored(snapshot).Silos);
        Change(meta, new SiloChange { Insert = Row("a", 1) });
        Change(meta, new SiloChange { Clear = true });
        snapshot.ResetWrittenCount();
        meta.WriteSnapshot(snapshot);
        Assert.Equal(new SiloTable { Version = 1 }, Restored(snapshot).Silos);
    }

    [Fact]
    public void It_can_be_read()
    {
        var meta = New();
        Change(meta, new SiloChange { Insert = Row("a", 1) });
        var reply = new ArrayBufferWriter<byte>();
        meta.Query(MetaOps.ReadSilos(), 0, reply);
        Assert.Equal(_published[^1].Silos, MetaOps.ReadSilos(new ReplyReader(reply.WrittenSpan).Bulk()));
    }

    void IApplySink.Applied(ulong origin, ulong seq, ReadOnlySpan<byte> reply) => _reply = reply.ToArray();

    private static SiloRow Row(string silo, int version, bool isDead = false) => new(silo, version, "{}", isDead, 100, 200);

    private MetaState New() => new(ClusterMap.Empty, _published.Add);

    private MetaView Restored(ArrayBufferWriter<byte> snapshot)
    {
        _ = new MetaState(ClusterMap.Empty, _published.Add, snapshot.WrittenSpan);
        return _published[^1];
    }

    private long? Change(MetaState meta, SiloChange change)
    {
        _entry.Start(1);
        _entry.Append(1, 0, ++_index, MetaOps.ChangeSilos(change));
        meta.Apply(_index, _entry.Written.Span, this);
        var reader = new ReplyReader(_reply);
        return reader.IsError ? null : reader.Integer();
    }
}
