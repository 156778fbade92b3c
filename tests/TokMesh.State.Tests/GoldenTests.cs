using TokMesh.State.Entries;
using TokMesh.State.Errors;
using TokMesh.State.Ids;
using TokMesh.State.Keys;
using TokMesh.State.Names;
using TokMesh.State.Queries;
using TokMesh.State.Replies;
using TokMesh.State.Sessions;
using TokMesh.State.Wire;

namespace TokMesh.State.Tests;

/// <summary>
/// Numbers that are in logs, snapshots and between versions. This list may only grow; what is gone from it (errors 104, 105, 204, 504, 6xx,
/// 804, 806 to 809, 9xx, 1001) is not given again.
/// </summary>
public class GoldenTests
{
    [Fact]
    public void Operation_codes_are_frozen() => Frozen<OpCode>(
        "SessionCreate=1 SessionUpdate=2 SessionRenew=3 SessionTouches=4 SessionRevoke=5 SessionRevokeMany=6 SessionRevokeUser=7 "
        + "ExpireSweep=8 SessionRenewIf=9 SessionRevokeIf=10 KeySet=20 KeyGetDel=21 KeyGetEx=22 KeyDel=23 KeyMSet=24 KeyExpire=25 KeyPersist=26 KeyIncrBy=27 KeyAppend=28 "
        + "NameReserve=40 NameConfirm=41 NameRelease=42 NameResolve=43 OutboxDone=44");

    [Fact]
    public void Query_codes_are_frozen() => Frozen<QueryCode>(
        "GetSession=1 ValidateToken=2 Touch=3 SessionTtl=4 SessionsExist=5 Search=6 Count=7 KeyGet=20 KeyMGet=21 KeyGetWithVersion=22 "
        + "KeyStrlen=23 KeyExists=24 KeyPTtl=25 KeyPExpireTime=26 KeyType=27 Scan=28 KeyGetWithin=29 KeyMGetWithin=30 LookupName=40 UnconfirmedNames=41 Outbox=42");

    [Fact]
    public void Reply_tags_are_frozen() => Frozen<ReplyTag>(
        "Ok=1 Integer=2 Bulk=3 Nil=4 Error=5 Session=6 SessionList=7 Array=8 ScanPage=9 Versioned=10 NamePointer=11 "
        + "NamePointerList=12 Resolution=13 Outbox=14");

    [Fact]
    public void Small_enums_are_frozen()
    {
        Frozen<NameKind>("SessionId=1 Token=2");
        Frozen<NameState>("Reserved=1 Confirmed=2");
        Frozen<Resolution>("Live=1 Dead=2 TooEarly=3");
        Frozen<OutboxAction>("Confirm=1 Release=2");
        Frozen<ExpiryMode>("None=0 Relative=1 Absolute=2 KeepOrPersist=3");
        Frozen<SetFlags>("None=0 IfAbsent=1 IfPresent=2 GetOld=4 GetVersion=8");
        Frozen<ExpireFlags>("None=0 IfNone=1 IfAny=2 IfLater=4 IfSooner=8 Absolute=16");
        Frozen<SearchStatus>("Active=0 Expired=1");
        Frozen<SearchSort>("CreatedAt=0 LastActive=1");
    }

    [Fact]
    public void Error_codes_are_frozen() => Frozen<ErrorCode>(
        "None=0 SysBadRequest=101 SysTooManyRequests=102 SysInternal=103 SysUnavailable=106 "
        + "AuthMissing=201 AuthInvalid=202 AuthDisabled=203 AuthTimestampSkew=205 AuthNonceReplay=206 AuthForbidden=207 AuthIpNotAllowed=208 "
        + "SessionRuleViolation=301 SessionQuotaExceeded=302 SessionNotFound=303 SessionExpired=304 SessionIdConflict=305 SessionVersionConflict=306 "
        + "TokenMalformed=401 TokenInvalid=402 TokenExpired=403 TokenRevoked=404 TokenConflict=405 "
        + "ClusterNodeConflict=501 ClusterNoNode=502 ClusterTimeout=503 "
        + "ArgumentInvalid=701 ArgumentMissing=702 ArgumentConflict=703 "
        + "AdminForbidden=801 AdminIpNotAllowed=802 AdminNotFound=803 AdminPayloadTooLarge=805 "
        + "KeyNotAnInteger=1002 KeyOverflow=1003 KeySyntax=1004 KeyInvalidExpire=1005 KeyTooLong=1006 KeyVersionConflict=1007 "
        + "Superseded=1101 ReplyForgotten=1102 ReservationLapsed=1103");

    [Fact]
    public void The_hash_is_frozen()
    {
        // Scan cursors and digests meet across versions.
        Assert.Equal(StableHash.Of("hello"u8), StableHash.Of("hello"u8.ToArray()));
        Assert.Equal(Golden.HashOfEmpty, StableHash.Of([]));
        Assert.Equal(Golden.HashOfHello, StableHash.Of("hello"u8));
        Assert.Equal(Golden.HashOfLong, StableHash.Of("the quick brown fox jumps"u8, 5));
    }

    [Fact]
    public void The_entry_layout_is_frozen()
    {
        var entry = new EntryBuilder(OpFormat.IsWellFormed);
        entry.Start(0x0102);
        entry.Append(0x0A, floor: 3, firstSeq: 300, TestShard.Bytes(o => KeyOps.Set(o, "k"u8, "v"u8)));
        Assert.Equal("02010000000000000A0000000000000003AC020107140000016B0176", Convert.ToHexString(entry.Written.Span));
    }

    [Fact]
    public void A_session_record_is_frozen()
    {
        var shard = new TestShard { Now = 0x1000 };
        shard.Create(new CreateSession
        {
            Id = TestShard.Id(1),
            Token = new TokenHash(1, 2),
            UserId = "u"u8.ToArray(),
            DeviceId = "d"u8.ToArray(),
            Ip = new byte[] { 1, 2, 3, 4 },
            UserAgent = "a"u8.ToArray(),
            CreatedBy = TestShard.Key(9),
            TtlMs = 1,
            Data = SessionData.Encode([KeyValuePair.Create("x", "y")]),
        });
        var reply = TestShard.Bytes(o => shard.State.Query(TestShard.Bytes(q => QueryForms.GetSession(q, TestShard.Id(1))), 0, o));
        Assert.Equal("06510123456789AB00000000000000000001" + "0010000000000000" + "0110000000000000" + "0010000000000000"
            + "0100000000000000" + "63" + "0175" + "0164" + "00000000000000000000000000000009" + "01020304" + "0161" + "0501" + "0178" + "0179",
            Convert.ToHexString(reply));
    }

    private static void Frozen<T>(string golden)
        where T : struct, Enum
        => Assert.Equal(golden, string.Join(' ', Enum.GetValues<T>().Select(v => $"{v}={Convert.ToInt32(v)}")));
}
