using System.Buffers;
using System.Text;
using TokMesh.Cluster.Meta;
using TokMesh.State.Entries;
using TokMesh.State.Errors;
using TokMesh.State.Replies;

namespace TokMesh.Cluster.Tests;

public sealed class MetaStateTests : IApplySink
{
    private readonly List<MetaView> _published = [];
    private readonly List<ErrorCode> _replies = [];
    private readonly EntryBuilder _entry = new(MetaOps.IsWellFormed);
    private ulong _index;

    [Fact]
    public void A_new_key_is_published_with_the_entry_that_made_it()
    {
        var meta = New();
        Put(meta, Key("a"));
        Assert.Equal([ErrorCode.None], _replies);
        Assert.Equal(Key("a"), _published.Single().ApiKeys["a"]);
        Assert.Equal(1u, _published.Single().AppliedIndex);
    }

    [Fact]
    public void Only_the_next_version_is_taken()
    {
        var meta = New();
        Put(meta, Key("a") with { Version = 2 });
        Put(meta, Key("a"));
        Put(meta, Key("a") with { Version = 3 });
        Put(meta, Key("a") with { Version = 2, Enabled = false });
        Put(meta, Key("a") with { Version = 2, Enabled = true });
        Assert.Equal([ErrorCode.SessionVersionConflict, ErrorCode.None, ErrorCode.SessionVersionConflict, ErrorCode.None,
            ErrorCode.SessionVersionConflict], _replies);
        Assert.False(_published[^1].ApiKeys["a"].Enabled);
    }

    [Fact]
    public void A_repeated_put_says_what_it_said_and_publishes_nothing()
    {
        var meta = New();
        Put(meta, Key("a"));
        Put(meta, Key("a"));
        Assert.Equal([ErrorCode.None, ErrorCode.None], _replies);
        Assert.Single(_published);
    }

    [Fact]
    public void A_published_view_does_not_change_afterwards()
    {
        var meta = New();
        Put(meta, Key("a"));
        var early = _published.Single();
        Put(meta, Key("b"));
        Assert.Equal(["a"], early.ApiKeys.Keys);
        Assert.Equal(["a", "b"], _published[^1].ApiKeys.Keys);
    }

    [Fact]
    public void A_snapshot_restores_keys_and_digest_and_publishes_them()
    {
        var meta = New();
        Put(meta, Key("b"));
        Put(meta, Key("a") with { Description = "ünï", ExpiresAtMs = 5, RateLimit = 7, CreatedBy = "system" });
        var snapshot = new ArrayBufferWriter<byte>();
        meta.WriteSnapshot(snapshot);
        var restored = new MetaState(ClusterMap.Empty, _published.Add, snapshot.WrittenSpan);
        Assert.Equal(_published[^2].ApiKeys, _published[^1].ApiKeys);
        Assert.Equal(meta.Digest(), restored.Digest());
        Put(restored, Key("b") with { Version = 2 });
        Assert.Equal(ErrorCode.None, _replies[^1]);
        Assert.NotEqual(meta.Digest(), restored.Digest());
    }

    [Fact]
    public void The_list_query_shows_every_key_and_anything_else_is_refused()
    {
        var meta = New();
        Put(meta, Key("b"));
        Put(meta, Key("a"));
        var reply = new ArrayBufferWriter<byte>();
        meta.Query(MetaOps.ListApiKeys(), 0, reply);
        Assert.Equal([Key("a"), Key("b")], MetaOps.ReadApiKeys(new ReplyReader(reply.WrittenSpan).Bulk()));
        reply.ResetWrittenCount();
        meta.LeaderQuery([99], 0, reply);
        Assert.Equal(ErrorCode.SysBadRequest, new ReplyReader(reply.WrittenSpan).Error(out _));
    }

    [Fact]
    public void An_operation_of_a_later_version_stops_the_replica()
    {
        var meta = New();
        Assert.Throws<CorruptEntryException>(() => Apply(meta, [77, 1]));
        Assert.Empty(_published);
    }

    [Theory]
    [InlineData(0, "")]
    [InlineData(77, "{}")]
    [InlineData(1, "")]
    [InlineData(1, "null")]
    [InlineData(1, "{}")]
    [InlineData(1, """{"key_id":null,"verifier":"$","role":"Issuer"}""")]
    [InlineData(1, """{"key_id":"a","verifier":"$","role":"Emperor"}""")]
    [InlineData(2, "{}")]
    [InlineData(2, """{"cancel":1,"leave":4}""")]
    [InlineData(2, """{"plan":{"shard":1,"voters":null}}""")]
    [InlineData(2, """{"plan":{"shard":1}}""")]
    [InlineData(2, """{"join":{"number":4}}""")]
    [InlineData(2, """{"cancel":-1}""")]
    [InlineData(2, """{"placed":{"group":1,"place":null}}""")]
    [InlineData(2, """{"placed":{"group":1,"place":{"voters":[1],"version":4}}}""")]
    [InlineData(2, """{"add_guest":{"number":4,"node_id":"a","directory_id":"00000000-0000-0000-0000-000000000004","peer":"","http":"","redis":""}}""")]
    public void What_no_replica_could_apply_is_not_an_operation(byte code, string json) =>
        Assert.False(MetaOps.IsWellFormed([code, .. Encoding.UTF8.GetBytes(json)]));

    [Fact]
    public void What_meta_is_asked_to_do_is_an_operation()
    {
        Assert.True(MetaOps.IsWellFormed(MetaOps.PutApiKey(Key("a"))));
        Assert.True(MetaOps.IsWellFormed(MetaOps.ChangeMap(new MapChange { Cancel = 0 })));
        Assert.True(MetaOps.IsWellFormed(MetaOps.ChangeMap(new MapChange { Plan = new PlannedMove(3, [1, 2]), IfVersion = 4 })));
        Assert.True(MetaOps.IsWellFormed(MetaOps.ChangeMap(new MapChange { Join = new Member(4, "tmnd-d", Guid.Empty, "", "", "") })));
        Assert.False(MetaOps.IsWellFormed([]));
    }

    void IApplySink.Applied(ulong origin, ulong seq, ReadOnlySpan<byte> reply)
    {
        var reader = new ReplyReader(reply);
        _replies.Add(reader.IsError ? reader.Error(out _) : ErrorCode.None);
    }

    private static ApiKey Key(string id) => new() { KeyId = id, Verifier = "$", Role = ApiRole.Issuer };

    private MetaState New() => new(ClusterMap.Empty, _published.Add);

    private void Put(MetaState meta, ApiKey key) => Apply(meta, MetaOps.PutApiKey(key));

    private void Apply(MetaState meta, byte[] operation)
    {
        _entry.Start(1);
        _entry.Append(1, 0, ++_index, operation);
        meta.Apply(_index, _entry.Written.Span, this);
    }
}
