using System.Buffers;
using TokMesh.State.Entries;
using TokMesh.State.Queries;
using TokMesh.State.Replies;
using TokMesh.State.Sessions;

namespace TokMesh.State.Tests;

public class TouchTests
{
    private static readonly byte[] Ip = [9, 9, 9, 9];

    private readonly TestShard _shard = new();

    public TouchTests() => _shard.Create(TestShard.Session(1));

    private string Touch(string agent = "agent") => _shard.Lead(q => QueryForms.ValidateToken(q, TestShard.Token("token-1"), touch: true, Ip, TestShard.U(agent)));

    private string? Drain()
    {
        var op = new ArrayBufferWriter<byte>();
        return _shard.State.DrainTouches(100, op) ? _shard.Do(o => o.Write(op.WrittenSpan)) : null;
    }

    private (long Active, string Ip, string Agent, ulong Version) Access()
    {
        var reply = TestShard.Bytes(o => _shard.State.Query(TestShard.Bytes(q => QueryForms.GetSession(q, TestShard.Id(1))), _shard.Now, o));
        var view = new ReplyReader(reply).Session();
        return (view.LastActive, IpBytes.ToText(view.LastAccessIp), System.Text.Encoding.UTF8.GetString(view.LastAccessUserAgent), view.Version);
    }

    [Fact]
    public void A_touch_is_seen_at_once_and_kept_when_applied()
    {
        var digest = _shard.State.Digest();
        _shard.Now += 100;
        Assert.EndsWith("act=1000100 v1", Touch());
        Assert.Equal((1000100, "9.9.9.9", "agent", 1ul), Access());
        Assert.Equal(digest, _shard.State.Digest());
        Assert.Equal("OK", Drain());
        Assert.Equal(0, _shard.State.TouchCount);
        Assert.Equal((1000100, "9.9.9.9", "agent", 1ul), Access());
        Assert.NotEqual(digest, _shard.State.Digest());
        Assert.Null(Drain());
        _shard.Restart();
        Assert.Equal((1000100, "9.9.9.9", "agent", 1ul), Access());
    }

    [Fact]
    public void A_touch_by_id_leaves_the_access_fields()
    {
        _shard.Now += 100;
        Assert.EndsWith("act=1000100 v1", _shard.Lead(q => QueryForms.Touch(q, TestShard.Id(1))));
        Assert.Equal((1000100, "", "", 1ul), Access());
    }

    [Fact]
    public void Only_a_leaders_query_touches()
    {
        _shard.Now += 100;
        Assert.EndsWith("act=1000000 v1", _shard.Read(q => QueryForms.ValidateToken(q, TestShard.Token("token-1"), touch: true, Ip, "a"u8)));
        Assert.EndsWith("act=1000000 v1", _shard.Read(q => QueryForms.Touch(q, TestShard.Id(1))));
        _shard.Lead(q => QueryForms.ValidateToken(q, TestShard.Token("token-1")));
        Assert.Equal(0, _shard.State.TouchCount);
    }

    [Fact]
    public void Last_active_never_goes_back()
    {
        _shard.Now += 100;
        Touch();
        _shard.Now -= 50;
        Touch();
        Assert.Equal(1000100, Access().Active);
        _shard.Now += 1000;
        _shard.Do(o => SessionOps.Renew(o, TestShard.Id(1), 60_000));
        Drain();
        Assert.Equal(1001050, Access().Active);
    }

    [Fact]
    public void A_touch_between_drain_and_apply_survives()
    {
        _shard.Now += 100;
        Touch("one");
        var op = new ArrayBufferWriter<byte>();
        Assert.True(_shard.State.DrainTouches(100, op));
        _shard.Now += 100;
        Touch("two");
        _shard.Do(o => o.Write(op.WrittenSpan));
        Assert.Equal((1000200, "9.9.9.9", "two", 1ul), Access());
        Assert.Equal("OK", Drain());
        Assert.Equal((1000200, "9.9.9.9", "two", 1ul), Access());
        Assert.Equal(0, _shard.State.TouchCount);
    }

    [Fact]
    public void A_lost_proposal_can_be_drained_again()
    {
        _shard.Now += 100;
        Touch();
        Assert.True(_shard.State.DrainTouches(100, new ArrayBufferWriter<byte>()));
        Assert.False(_shard.State.DrainTouches(100, new ArrayBufferWriter<byte>()));
        _shard.State.RequeueTouches();
        Assert.Equal("OK", Drain());
        Assert.Equal(0, _shard.State.TouchCount);
    }

    [Fact]
    public void A_leader_that_steps_down_forgets_its_touches()
    {
        _shard.Now += 100;
        Touch();
        _shard.State.ClearTouches();
        Assert.Equal(1000000, Access().Active);
        Assert.Null(Drain());
    }

    [Fact]
    public void A_touch_of_a_session_that_ends_ends_with_it()
    {
        _shard.Now += 100;
        Touch();
        _shard.Do(o => SessionOps.Revoke(o, TestShard.Id(1)));
        _shard.Create(TestShard.Session(2));
        Assert.Null(Drain());
        Assert.EndsWith("act=1000100 v1", _shard.GetSession(2));
    }

    [Fact]
    public void Applied_touches_of_unknown_sessions_are_ignored()
    {
        _shard.Now += 100;
        Touch();
        var op = new ArrayBufferWriter<byte>();
        _shard.State.DrainTouches(100, op);
        var other = new TestShard();
        Assert.Equal("OK", other.Do(o => o.Write(op.WrittenSpan)));
        Assert.Equal(0, other.State.SessionCount);
        for (var cut = 0; cut < op.WrittenCount; cut++)
            Assert.False(OpFormat.IsWellFormed(op.WrittenSpan[..cut]));
    }

    [Fact]
    public void Draining_goes_in_batches_and_skips_nothing()
    {
        for (var i = 2; i <= 25; i++)
            _shard.Create(TestShard.Session(i));
        _shard.Now += 5;
        for (var i = 1; i <= 25; i++)
            _shard.Lead(q => QueryForms.Touch(q, TestShard.Id(i)));
        var batches = 0;
        var op = new ArrayBufferWriter<byte>();
        for (; _shard.State.DrainTouches(10, op); op.ResetWrittenCount(), batches++)
            _shard.Do(o => o.Write(op.WrittenSpan));
        Assert.Equal(3, batches);
        Assert.Equal(0, _shard.State.TouchCount);
        Assert.Equal("[total 25]", _shard.Read(q => new SessionSearch { ActiveAfterMs = _shard.Now, Limit = 0 }.Write(q)));
    }

    [Fact]
    public void Access_fields_that_are_no_news_are_not_proposed_and_old_ones_come_back()
    {
        Touch("one");
        Drain();
        _shard.Now += 1;
        Touch("one");
        var op = new ArrayBufferWriter<byte>();
        Assert.True(_shard.State.DrainTouches(1, op));
        Assert.Equal(1 + 1 + 16 + 8 + 1, op.WrittenCount);
        _shard.Do(o => o.Write(op.WrittenSpan));
        Touch("two");
        Touch("one");
        Assert.Equal("one", Access().Agent);
        Drain();
        Assert.Equal("one", Access().Agent);
    }
}
