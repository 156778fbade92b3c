using TokMesh.State.Names;
using TokMesh.State.Queries;
using TokMesh.State.Sessions;

namespace TokMesh.State.Tests;

public class NameTests
{
    private static readonly Name Token = Name.Of(TestShard.Token("dictated"));

    private readonly TestShard _name = new();
    private readonly TestShard _user = new();

    private long Limit => _name.Now + 5000;

    private string Reserve(UInt128 r, UInt128? replaces = null, long? limit = null, Name? name = null)
        => _name.Do(o => NameOps.Reserve(o, name ?? Token, r, TestShard.Id((int)r), "u1"u8, limit ?? Limit, replaces));

    private string Create(UInt128 r, bool id = false, long? limit = null) => _user.Create(new CreateSession
    {
        Id = TestShard.Id((int)r),
        Token = TestShard.Token("dictated"),
        UserId = TestShard.U("u1"),
        TtlMs = 60_000,
        TokenForeign = true,
        IdForeign = id,
        Reservation = r,
        NotAfterMs = limit ?? Limit,
    });

    private string Resolve(UInt128 r, long? limit = null)
        => _user.Do(o => NameOps.Resolve(o, new NamePointer(Token, r, TestShard.Id((int)r), TestShard.U("u1"), NameState.Reserved, limit ?? Limit)));

    private string Outbox() => _user.Read(q => QueryForms.Outbox(q, 10));

    private string Lookup() => _name.Read(q => QueryForms.LookupName(q, Token));

    [Fact]
    public void A_dictated_token_leads_to_its_users_shard()
    {
        Assert.Equal("nil", Lookup());
        Assert.Equal("OK", Reserve(1));
        Assert.Equal("OK", Reserve(1));
        Assert.Equal($"pointer Token r1 to u1 Reserved until {Limit}", Lookup());
        Assert.StartsWith("tmss-", Create(1));
        Assert.Equal("[1 Confirm Token r1]", Outbox());
        Assert.Equal("1", _name.Do(o => NameOps.Confirm(o, Token, 1)));
        Assert.Equal("1", _name.Do(o => NameOps.Confirm(o, Token, 1)));
        Assert.Equal("1", _user.Do(o => NameOps.OutboxDone(o, 1)));
        Assert.Equal("0", _user.Do(o => NameOps.OutboxDone(o, 1)));
        Assert.Equal($"pointer Token r1 to u1 Confirmed until {Limit}", _name.Validate("dictated"));
        Assert.StartsWith("tmss-", _user.Validate("dictated"));
        Assert.Equal("[]", _name.Read(q => QueryForms.UnconfirmedNames(q, 10)));
    }

    [Fact]
    public void A_name_is_reserved_for_12_seconds_at_most()
    {
        Assert.StartsWith("ReservationLapsed", Reserve(1, limit: _name.Now + NamePointer.MostReservedMs + 1));
        Assert.Equal("nil", Lookup());
        Assert.Equal("OK", Reserve(1, limit: _name.Now + NamePointer.MostReservedMs));
    }

    [Fact]
    public void Operations_by_a_dictated_id_are_led_on()
    {
        var id = Name.Of(TestShard.Id(1));
        Reserve(1, name: id);
        Assert.StartsWith("pointer SessionId r1", _name.GetSession(1));
        Assert.StartsWith("pointer SessionId r1", _name.Lead(q => QueryForms.Touch(q, TestShard.Id(1))));
        Assert.StartsWith("pointer SessionId r1", _name.Read(q => QueryForms.SessionTtl(q, TestShard.Id(1))));
        Assert.StartsWith("[0, pointer SessionId r1", _name.Read(q => QueryForms.SessionsExist(q, TestShard.Id(1), TestShard.Id(2))));
        Assert.StartsWith("pointer SessionId r1", _name.Do(o => SessionOps.Renew(o, TestShard.Id(1), 1000)));
        Assert.StartsWith("pointer SessionId r1", _name.Do(o => SessionOps.Update(o, new UpdateSession { Id = TestShard.Id(1) })));
        Assert.StartsWith("pointer SessionId r1", _name.Do(o => SessionOps.RenewIf(o, TestShard.Id(1), 1, 1000)));
        Assert.StartsWith("pointer SessionId r1", _name.Do(o => SessionOps.Revoke(o, TestShard.Id(1))));
        Assert.StartsWith("pointer SessionId r1", _name.Do(o => SessionOps.RevokeIf(o, TestShard.Id(1), 1)));
        Assert.StartsWith("[0, pointer SessionId r1", _name.Do(o => SessionOps.RevokeMany(o, [TestShard.Id(1), TestShard.Id(2)])));
    }

    [Fact]
    public void Another_reservation_is_told_who_holds_the_name()
    {
        Reserve(1);
        Assert.StartsWith("pointer Token r1", Reserve(2));
        Assert.StartsWith("pointer Token r1", Reserve(2, replaces: 9));
        Assert.Equal("OK", Reserve(2, replaces: 1));
        Assert.StartsWith("pointer Token r2", Lookup());
        Assert.Equal("0", _name.Do(o => NameOps.Confirm(o, Token, 1)));
        Assert.Equal("0", _name.Do(o => NameOps.Release(o, Token, 1)));
        Assert.Equal("1", _name.Do(o => NameOps.Release(o, Token, 2)));
        Assert.Equal("0", _name.Do(o => NameOps.Release(o, Token, 2)));
        Assert.Equal("nil", Lookup());
    }

    [Fact]
    public void A_name_that_a_local_session_has_cannot_be_reserved()
    {
        _name.Create(TestShard.Session(1, token: "dictated", ttl: 100));
        Assert.StartsWith("TokenConflict", Reserve(2));
        Assert.StartsWith("SessionIdConflict", Reserve(1, name: Name.Of(TestShard.Id(1))));
        _name.Now += 100;
        Assert.Equal("OK", Reserve(2));
    }

    [Fact]
    public void A_local_create_is_told_of_the_pointer_that_holds_its_name()
    {
        Reserve(1);
        Assert.StartsWith("pointer Token r1", _name.Create(TestShard.Session(5, token: "dictated")));
        _name.Do(o => NameOps.Release(o, Token, 1));
        Assert.StartsWith("tmss-", _name.Create(TestShard.Session(5, token: "dictated")));
        Reserve(6, name: Name.Of(TestShard.Id(6)));
        Assert.StartsWith("pointer SessionId r6", _name.Create(TestShard.Session(6)));
    }

    [Fact]
    public void Past_its_limit_nothing_is_reserved_or_created()
    {
        Assert.StartsWith("ReservationLapsed", Reserve(1, limit: _name.Now - 1));
        Assert.StartsWith("ReservationLapsed", Create(1, limit: _user.Now - 1));
        Assert.StartsWith("ArgumentInvalid", Create(1, limit: 0));
        Assert.Equal("[]", Outbox());
    }

    [Fact]
    public void Resolve_says_dead_only_when_nothing_can_come_any_more()
    {
        var limit = Limit;
        Assert.Equal("TooEarly", Resolve(1, limit));
        Create(1, limit: limit);
        Assert.Equal("Live", Resolve(1, limit));
        Assert.Equal("TooEarly", Resolve(2, limit));
        _user.Do(o => SessionOps.Revoke(o, TestShard.Id(1)));
        Assert.Equal("TooEarly", Resolve(1, limit));
        _user.Now = limit;
        Assert.Equal("TooEarly", Resolve(1, limit));
        _user.Now = limit + 1;
        Assert.Equal("Dead", Resolve(1, limit));
        Assert.StartsWith("ReservationLapsed", Create(1, limit: limit));
    }

    [Fact]
    public void An_expired_session_resolves_dead_before_the_sweep()
    {
        var limit = Limit;
        Create(1, limit: limit);
        _user.Now += 60_000;
        Assert.Equal("Dead", Resolve(1, limit));
    }

    [Fact]
    public void The_release_comes_when_the_tombstone_lapses()
    {
        Create(1, id: true);
        Assert.Equal("[1 Confirm SessionId r1, 2 Confirm Token r1]", Outbox());
        _user.Do(o => SessionOps.Revoke(o, TestShard.Id(1)));
        Assert.StartsWith("TokenRevoked", _user.Validate("dictated"));
        _user.Now += Tombstones.MemoryMs - 1;
        _user.Sweep();
        Assert.Equal(2, _user.State.OutboxCount);
        _user.Restart();
        _user.Now += 1;
        _user.Sweep();
        Assert.Equal("[1 Confirm SessionId r1, 2 Confirm Token r1, 3 Release SessionId r1, 4 Release Token r1]", Outbox());
    }

    [Fact]
    public void The_release_comes_too_when_the_tombstone_is_pushed_out()
    {
        _user.Tombstones(1);
        Create(1);
        _user.Do(o => SessionOps.Revoke(o, TestShard.Id(1)));
        _user.Create(TestShard.Session(2));
        _user.Do(o => SessionOps.Revoke(o, TestShard.Id(2)));
        Assert.Equal("[1 Confirm Token r1, 2 Release Token r1]", Outbox());
    }

    [Fact]
    public void Reservations_past_their_limit_are_listed_for_repair()
    {
        Reserve(1);
        Assert.Equal("[]", _name.Read(q => QueryForms.UnconfirmedNames(q, 10)));
        var limit = Limit;
        _name.Now = limit + 1;
        Assert.Equal($"[pointer Token r1 to u1 Reserved until {limit}]", _name.Read(q => QueryForms.UnconfirmedNames(q, 10)));
        Assert.Equal("[]", _name.Read(q => QueryForms.UnconfirmedNames(q, 0)));
        _name.Restart();
        Assert.Equal($"[pointer Token r1 to u1 Reserved until {limit}]", _name.Read(q => QueryForms.UnconfirmedNames(q, 10)));
    }
}
