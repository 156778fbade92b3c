using System.Text;
using TokMesh.State.Names;
using TokMesh.State.Queries;
using TokMesh.State.Replies;
using TokMesh.State.Sessions;

namespace TokMesh.State.Tests;

public class SessionTests
{
    private readonly TestShard _shard = new();

    [Fact]
    public void A_created_session_is_found_by_id_and_token()
    {
        var created = _shard.Create(TestShard.Session(1));
        Assert.Equal($"{TestShard.Id(1)} user=u1 exp=1060000 act=1000000 v1", created);
        Assert.Equal(created, _shard.GetSession(1));
        Assert.Equal(created, _shard.Validate("token-1"));
    }

    [Fact]
    public void An_id_that_exists_is_refused_before_its_token_is_looked_at()
    {
        _shard.Create(TestShard.Session(1));
        Assert.StartsWith("SessionIdConflict", _shard.Create(TestShard.Session(1)));
        Assert.StartsWith("SessionIdConflict", _shard.Create(TestShard.Session(1, token: "other")));
    }

    [Fact]
    public void A_token_of_a_live_session_is_refused()
    {
        _shard.Create(TestShard.Session(1, token: "t"));
        Assert.StartsWith("TokenConflict", _shard.Create(TestShard.Session(2, token: "t")));
        _shard.Do(o => SessionOps.Revoke(o, TestShard.Id(1)));
        Assert.StartsWith("tmss-", _shard.Create(TestShard.Session(2, token: "t")));
        Assert.StartsWith(TestShard.Id(2).ToString(), _shard.Validate("t"));
    }

    [Fact]
    public void Of_a_hundred_creates_with_one_token_one_wins()
        => Assert.Equal(1, Enumerable.Range(0, 100).Count(n => _shard.Create(TestShard.Session(n, token: "t")).StartsWith("tmss-")));

    [Fact]
    public void The_id_and_token_of_an_expired_session_can_be_used_before_the_sweep()
    {
        _shard.Create(TestShard.Session(1, token: "t", ttl: 10));
        _shard.Now += 10;
        Assert.StartsWith("tmss-", _shard.Create(TestShard.Session(1, token: "x")));
        Assert.StartsWith("tmss-", _shard.Create(TestShard.Session(2, token: "t")));
        Assert.Equal(2, _shard.State.SessionCount);
    }

    [Fact]
    public void The_51st_live_session_of_a_user_is_refused_and_none_is_evicted()
    {
        for (var i = 0; i < 50; i++)
            Assert.StartsWith("tmss-", _shard.Create(TestShard.Session(i, quota: 50, ttl: i == 7 ? 10 : 60_000)));
        Assert.StartsWith("SessionQuotaExceeded", _shard.Create(TestShard.Session(50, quota: 50)));
        Assert.StartsWith("tmss-", _shard.Create(TestShard.Session(51, user: "u2", quota: 50)));
        Assert.Equal(51, _shard.State.SessionCount);
        _shard.Now += 10;
        Assert.StartsWith("tmss-", _shard.Create(TestShard.Session(50, quota: 50)));
        Assert.StartsWith("SessionQuotaExceeded", _shard.Create(TestShard.Session(52, quota: 50)));
    }

    [Fact]
    public void A_create_after_its_time_limit_does_nothing()
    {
        var late = new CreateSession { Id = TestShard.Id(1), Token = default, UserId = TestShard.U("u"), TtlMs = 5, NotAfterMs = _shard.Now - 1 };
        Assert.StartsWith("ReservationLapsed", _shard.Create(late));
        Assert.Equal(0, _shard.State.SessionCount);
    }

    [Theory]
    [InlineData(0, "tmss-")]
    [InlineData(1, "ReservationLapsed")]
    public void A_create_whose_time_limit_is_too_far_ahead_does_nothing(int beyondMs, string answer)
    {
        var early = new CreateSession { Id = TestShard.Id(1), Token = default, UserId = TestShard.U("u"), TtlMs = 5, NotAfterMs = _shard.Now + NamePointer.MostReservedMs + beyondMs };
        Assert.StartsWith(answer, _shard.Create(early));
        Assert.Equal(1 - beyondMs, _shard.State.SessionCount);
    }

    [Fact]
    public void Get_tells_unknown_from_expired()
    {
        _shard.Create(TestShard.Session(1, ttl: 10));
        Assert.StartsWith("SessionNotFound", _shard.GetSession(2));
        _shard.Now += 9;
        Assert.StartsWith("tmss-", _shard.GetSession(1));
        _shard.Now += 1;
        Assert.StartsWith("SessionExpired", _shard.GetSession(1));
        _shard.Sweep();
        Assert.Equal(0, _shard.State.SessionCount);
        Assert.StartsWith("SessionExpired", _shard.GetSession(1));
        _shard.Now += Tombstones.MemoryMs;
        Assert.StartsWith("SessionNotFound", _shard.GetSession(1));
    }

    [Fact]
    public void Validate_tells_unknown_expired_and_revoked_apart()
    {
        _shard.Create(TestShard.Session(1, ttl: 1000));
        _shard.Create(TestShard.Session(2));
        _shard.Do(o => SessionOps.Revoke(o, TestShard.Id(2)));
        _shard.Now += 1500;
        Assert.StartsWith("TokenInvalid", _shard.Validate("no such"));
        Assert.StartsWith("TokenExpired", _shard.Validate("token-1"));
        Assert.StartsWith("TokenRevoked", _shard.Validate("token-2"));
        _shard.Sweep();
        Assert.StartsWith("TokenExpired", _shard.Validate("token-1"));
        _shard.Now += Tombstones.MemoryMs;
        Assert.StartsWith("TokenInvalid", _shard.Validate("token-1"));
        Assert.StartsWith("TokenInvalid", _shard.Validate("token-2"));
    }

    [Fact]
    public void Renew_counts_from_now_and_may_shorten()
    {
        _shard.Create(TestShard.Session(1, ttl: 60_000));
        _shard.Now += 100;
        Assert.Equal("1005100", _shard.Do(o => SessionOps.Renew(o, TestShard.Id(1), 5000)));
        Assert.EndsWith("exp=1005100 act=1000100 v2", _shard.GetSession(1));
        Assert.StartsWith("ArgumentInvalid", _shard.Do(o => SessionOps.Renew(o, TestShard.Id(1), 0)));
        Assert.StartsWith("SessionNotFound", _shard.Do(o => SessionOps.Renew(o, TestShard.Id(9), 5000)));
        _shard.Now += 5000;
        Assert.StartsWith("SessionExpired", _shard.Do(o => SessionOps.Renew(o, TestShard.Id(1), 5000)));
        Assert.Equal("1", _shard.Sweep());
        Assert.StartsWith("SessionExpired", _shard.Do(o => SessionOps.Renew(o, TestShard.Id(1), 5000)));
    }

    [Fact]
    public void Update_replaces_what_is_given_and_nothing_else()
    {
        _shard.Create(new CreateSession { Id = TestShard.Id(1), Token = TestShard.Token("t"), UserId = TestShard.U("u1"), DeviceId = TestShard.U("d1"), TtlMs = 60_000, Data = SessionData.Encode([KeyValuePair.Create("a", "1")]) });
        _shard.Now += 50;
        _shard.Do(o => SessionOps.Update(o, new UpdateSession { Id = TestShard.Id(1), DeviceId = TestShard.U("d2") }));
        Assert.EndsWith("exp=1060000 act=1000050 v2", _shard.GetSession(1));
        Assert.Equal("d2 a=1", Content(1));
        _shard.Do(o => SessionOps.Update(o, new UpdateSession { Id = TestShard.Id(1), Data = SessionData.Encode([KeyValuePair.Create("b", "2")]), TtlMs = 10, ExpectedUserId = TestShard.U("u1") }));
        Assert.EndsWith("exp=1000060 act=1000050 v3", _shard.GetSession(1));
        Assert.Equal("d2 b=2", Content(1));
        Assert.Equal("1", _shard.Do(o => SessionOps.Revoke(o, TestShard.Id(1))));
    }

    [Fact]
    public void Update_refuses_another_user_and_absent_sessions()
    {
        _shard.Create(TestShard.Session(1, ttl: 10));
        Assert.Equal("ArgumentInvalid user_id cannot be changed", _shard.Do(o => SessionOps.Update(o, new UpdateSession { Id = TestShard.Id(1), ExpectedUserId = TestShard.U("u2"), DeviceId = TestShard.U("d") })));
        Assert.EndsWith("v1", _shard.GetSession(1));
        Assert.StartsWith("SessionNotFound", _shard.Do(o => SessionOps.Update(o, new UpdateSession { Id = TestShard.Id(2) })));
        _shard.Now += 10;
        Assert.StartsWith("SessionExpired", _shard.Do(o => SessionOps.Update(o, new UpdateSession { Id = TestShard.Id(1) })));
    }

    [Fact]
    public void Revoke_is_idempotent_and_the_session_is_not_found_after()
    {
        _shard.Create(TestShard.Session(1));
        Assert.Equal("1", _shard.Do(o => SessionOps.Revoke(o, TestShard.Id(1))));
        Assert.Equal("0", _shard.Do(o => SessionOps.Revoke(o, TestShard.Id(1))));
        Assert.Equal("0", _shard.Do(o => SessionOps.Revoke(o, TestShard.Id(2))));
        Assert.StartsWith("SessionNotFound", _shard.GetSession(1));
        Assert.StartsWith("TokenRevoked", _shard.Validate("token-1"));
    }

    [Fact]
    public void Revoking_an_expired_session_leaves_it_expired()
    {
        _shard.Create(TestShard.Session(1, ttl: 10));
        _shard.Now += 10;
        Assert.Equal("0", _shard.Do(o => SessionOps.Revoke(o, TestShard.Id(1))));
        Assert.StartsWith("TokenExpired", _shard.Validate("token-1"));
    }

    [Fact]
    public void All_sessions_of_a_user_go_in_one_entry()
    {
        for (var i = 0; i < 2000; i++)
            _shard.Create(TestShard.Session(i, user: i % 2 == 0 ? "even" : "odd", ttl: i == 4 ? 1 : 60_000));
        _shard.Now += 1;
        Assert.Equal("999", _shard.Do(o => SessionOps.RevokeUser(o, "even"u8)));
        Assert.Equal("0", _shard.Do(o => SessionOps.RevokeUser(o, "even"u8)));
        Assert.StartsWith("TokenRevoked", _shard.Validate("token-0"));
        Assert.StartsWith("TokenExpired", _shard.Validate("token-4"));
        Assert.StartsWith("tmss-", _shard.Validate("token-1"));
        Assert.Equal("3", _shard.Do(o => SessionOps.RevokeMany(o, [TestShard.Id(1), TestShard.Id(3), TestShard.Id(5), TestShard.Id(5), TestShard.Id(0)])));
    }

    [Fact]
    public void A_change_that_is_tied_to_a_version_is_made_of_that_version_alone()
    {
        _shard.Create(TestShard.Session(1, ttl: 500));
        Assert.StartsWith("SessionVersionConflict 1", _shard.Do(o => SessionOps.RenewIf(o, TestShard.Id(1), 2, 5000)));
        Assert.Equal("500", _shard.Read(q => QueryForms.SessionTtl(q, TestShard.Id(1))));
        Assert.Equal("1005000", _shard.Do(o => SessionOps.RenewIf(o, TestShard.Id(1), 1, 5000)));
        Assert.StartsWith("SessionVersionConflict 2", _shard.Do(o => SessionOps.RevokeIf(o, TestShard.Id(1), 1)));
        Assert.StartsWith("ArgumentInvalid", _shard.Do(o => SessionOps.RenewIf(o, TestShard.Id(1), 2, 0)));
        Assert.Equal("1", _shard.Do(o => SessionOps.RevokeIf(o, TestShard.Id(1), 2)));
        Assert.Equal("0", _shard.Do(o => SessionOps.RevokeIf(o, TestShard.Id(1), 2)));
        Assert.StartsWith("SessionNotFound", _shard.Do(o => SessionOps.RenewIf(o, TestShard.Id(1), 2, 5000)));
        Assert.StartsWith("TokenRevoked", _shard.Validate("token-1"));
        _shard.Create(TestShard.Session(2, ttl: 500));
        _shard.Now += 500;
        Assert.Equal("0", _shard.Do(o => SessionOps.RevokeIf(o, TestShard.Id(2), 7)));
        Assert.StartsWith("SessionExpired", _shard.Do(o => SessionOps.RenewIf(o, TestShard.Id(2), 1, 5000)));
    }

    [Fact]
    public void Ttl_and_exists_answer_like_redis()
    {
        _shard.Create(TestShard.Session(1, ttl: 500));
        _shard.Create(TestShard.Session(2, ttl: 0));
        Assert.Equal("500", _shard.Read(q => QueryForms.SessionTtl(q, TestShard.Id(1))));
        Assert.Equal("-1", _shard.Read(q => QueryForms.SessionTtl(q, TestShard.Id(2))));
        Assert.Equal("-2", _shard.Read(q => QueryForms.SessionTtl(q, TestShard.Id(3))));
        Assert.Equal("3", _shard.Read(q => QueryForms.SessionsExist(q, TestShard.Id(1), TestShard.Id(1), TestShard.Id(2), TestShard.Id(3))));
        _shard.Now += 500;
        Assert.Equal("-2", _shard.Read(q => QueryForms.SessionTtl(q, TestShard.Id(1))));
        Assert.Equal("1", _shard.Read(q => QueryForms.SessionsExist(q, TestShard.Id(1), TestShard.Id(2))));
        Assert.Equal("1", _shard.Read(q => QueryForms.Count(q, keys: true, sessions: true)));
    }

    private string Content(int n)
    {
        var reply = TestShard.Bytes(o => _shard.State.Query(TestShard.Bytes(q => QueryForms.GetSession(q, TestShard.Id(n))), _shard.Now, o));
        var session = new ReplyReader(reply).Session();
        var text = new StringBuilder(Encoding.UTF8.GetString(session.DeviceId));
        for (var data = session.Data; data.MoveNext();)
            text.Append($" {Encoding.UTF8.GetString(data.Key)}={Encoding.UTF8.GetString(data.Value)}");
        return text.ToString();
    }
}
