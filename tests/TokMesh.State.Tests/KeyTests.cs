using TokMesh.State.Keys;
using TokMesh.State.Queries;

namespace TokMesh.State.Tests;

public class KeyTests
{
    private readonly TestShard _shard = new();

    private string Expire(string key, long ms, ExpireFlags flags = ExpireFlags.None) => _shard.Do(o => KeyOps.Expire(o, TestShard.U(key), ms, flags));

    private string Incr(string key, long delta) => _shard.Do(o => KeyOps.IncrBy(o, TestShard.U(key), delta));

    private string Ttl(string key) => _shard.Read(q => QueryForms.PTtl(q, TestShard.U(key)));

    private static void Keys(System.Buffers.IBufferWriter<byte> output, params string[] keys)
    {
        foreach (var key in keys)
            KeyOps.KeyItem(output, TestShard.U(key));
    }

    [Fact]
    public void Set_and_get()
    {
        Assert.Equal("nil", _shard.Get("a"));
        Assert.Equal("OK", _shard.Set("a", "1"));
        Assert.Equal("'1'", _shard.Get("a"));
        _shard.Set("a", "longer than before");
        _shard.Set("a", "short");
        Assert.Equal("'short'", _shard.Get("a"));
        _shard.Set("", "");
        Assert.Equal("''", _shard.Get(""));
    }

    [Fact]
    public void Set_conditions_and_old_values()
    {
        Assert.Equal("nil", _shard.Set("a", "1", SetFlags.IfPresent));
        Assert.Equal("OK", _shard.Set("a", "1", SetFlags.IfAbsent));
        Assert.Equal("nil", _shard.Set("a", "2", SetFlags.IfAbsent));
        Assert.Equal("'1'", _shard.Set("a", "2", SetFlags.IfAbsent | SetFlags.GetOld));
        Assert.Equal("'1'", _shard.Set("a", "3", SetFlags.IfPresent | SetFlags.GetOld));
        Assert.Equal("nil", _shard.Set("b", "1", SetFlags.GetOld));
        Assert.Equal("nil", _shard.Set("c", "1", SetFlags.GetOld | SetFlags.IfPresent));
        Assert.Equal("nil", _shard.Get("c"));
        Assert.StartsWith("KeySyntax", _shard.Set("a", "4", SetFlags.IfAbsent | SetFlags.IfPresent));
        Assert.Equal("'3'", _shard.Get("a"));
    }

    [Fact]
    public void Set_expiries()
    {
        _shard.Set("a", "1", mode: ExpiryMode.Relative, ms: 100);
        Assert.Equal("100", Ttl("a"));
        _shard.Set("a", "2", mode: ExpiryMode.KeepOrPersist);
        Assert.Equal("100", Ttl("a"));
        Assert.Equal("1000100", _shard.Read(q => QueryForms.PExpireTime(q, "a"u8)));
        _shard.Set("a", "3");
        Assert.Equal("-1", Ttl("a"));
        _shard.Set("a", "4", mode: ExpiryMode.Absolute, ms: 1_000_050);
        Assert.Equal("50", Ttl("a"));
        _shard.Now += 49;
        Assert.Equal("'4'", _shard.Get("a"));
        _shard.Now += 1;
        Assert.Equal("nil", _shard.Get("a"));
        Assert.Equal("-2", Ttl("a"));
        Assert.Equal("KeyInvalidExpire invalid expire time in 'set' command", _shard.Set("a", "1", mode: ExpiryMode.Relative, ms: 0));
        Assert.StartsWith("KeyInvalidExpire", _shard.Set("a", "1", mode: ExpiryMode.Relative, ms: long.MaxValue));
        Assert.Equal("OK", _shard.Set("a", "1", mode: ExpiryMode.Absolute, ms: 5));
        Assert.Equal("nil", _shard.Get("a"));
        Assert.Equal(0, _shard.State.KeyCount);
    }

    [Fact]
    public void An_expired_key_is_absent_to_writes_too()
    {
        _shard.Set("a", "5", mode: ExpiryMode.Relative, ms: 10);
        _shard.Now += 10;
        Assert.Equal("1", Incr("a", 1));
        Assert.Equal("-1", Ttl("a"));
        _shard.Set("b", "5", mode: ExpiryMode.Relative, ms: 10);
        _shard.Now += 10;
        Assert.Equal("0", Expire("b", 1000));
        _shard.Set("c", "5", mode: ExpiryMode.Relative, ms: 10);
        _shard.Now += 10;
        Assert.Equal("OK", _shard.Set("c", "6", SetFlags.IfAbsent, ExpiryMode.KeepOrPersist));
        Assert.Equal("-1", Ttl("c"));
        _shard.Set("d", "5", mode: ExpiryMode.Relative, ms: 10);
        _shard.Now += 10;
        Assert.Equal("1", _shard.Do(o => { KeyOps.Del(o, 2); Keys(o, "c", "d"); }));
    }

    [Fact]
    public void Versions_change_at_every_write_and_guard_it()
    {
        Assert.Equal("1", _shard.Set("a", "1", SetFlags.GetVersion, ifVersion: 0));
        Assert.Equal("KeyVersionConflict 1", _shard.Set("a", "2", ifVersion: 0));
        Assert.Equal("2", _shard.Set("a", "2", SetFlags.GetVersion, ifVersion: 1));
        Expire("a", 1000);
        Assert.Equal("'2' v3 exp=1001000", _shard.Read(q => QueryForms.GetWithVersion(q, "a"u8)));
        _shard.Do(o => KeyOps.GetDel(o, "a"u8));
        Assert.Equal("KeyVersionConflict 0", _shard.Set("a", "2", ifVersion: 3));
        Assert.Equal("4", _shard.Set("a", "2", SetFlags.GetVersion));
        Assert.Equal("nil", _shard.Read(q => QueryForms.GetWithVersion(q, "x"u8)));
    }

    [Fact]
    public void Getdel_getex_and_del()
    {
        _shard.Set("a", "1", mode: ExpiryMode.Relative, ms: 100);
        Assert.Equal("'1'", _shard.Do(o => KeyOps.GetEx(o, "a"u8, ExpiryMode.None)));
        Assert.Equal("100", Ttl("a"));
        Assert.Equal("'1'", _shard.Do(o => KeyOps.GetEx(o, "a"u8, ExpiryMode.KeepOrPersist)));
        Assert.Equal("-1", Ttl("a"));
        Assert.Equal("'1'", _shard.Do(o => KeyOps.GetEx(o, "a"u8, ExpiryMode.Relative, 7)));
        Assert.Equal("7", Ttl("a"));
        Assert.Equal("'1'", _shard.Do(o => KeyOps.GetEx(o, "a"u8, ExpiryMode.Absolute, 7)));
        Assert.Equal("nil", _shard.Do(o => KeyOps.GetDel(o, "a"u8)));
        _shard.Set("b", "1");
        Assert.Equal("'1'", _shard.Do(o => KeyOps.GetDel(o, "b"u8)));
        Assert.Equal("nil", _shard.Do(o => KeyOps.GetEx(o, "b"u8, ExpiryMode.None)));
        Assert.StartsWith("KeyInvalidExpire", _shard.Do(o => KeyOps.GetEx(o, "b"u8, ExpiryMode.Relative, -1)));
        _shard.Do(o => { KeyOps.MSet(o, 3); Keys(o, "x", "1", "y", "2", "x", "3"); });
        Assert.Equal("['3', nil, '2']", _shard.Read(q => { QueryForms.MGet(q, 3); Keys(q, "x", "z", "y"); }));
        Assert.Equal("3", _shard.Read(q => { QueryForms.Exists(q, 4); Keys(q, "x", "x", "y", "z"); }));
        Assert.Equal("2", _shard.Do(o => { KeyOps.Del(o, 4); Keys(o, "x", "x", "y", "z"); }));
    }

    [Theory]
    [InlineData(0, ExpireFlags.None, 50, 1)]
    [InlineData(0, ExpireFlags.IfNone, 50, 1)]
    [InlineData(100, ExpireFlags.IfNone, 50, 0)]
    [InlineData(0, ExpireFlags.IfAny, 50, 0)]
    [InlineData(100, ExpireFlags.IfAny, 50, 1)]
    [InlineData(0, ExpireFlags.IfLater, 50, 0)]
    [InlineData(100, ExpireFlags.IfLater, 100, 0)]
    [InlineData(100, ExpireFlags.IfLater, 101, 1)]
    [InlineData(0, ExpireFlags.IfSooner, 50, 1)]
    [InlineData(100, ExpireFlags.IfSooner, 100, 0)]
    [InlineData(100, ExpireFlags.IfSooner, 99, 1)]
    [InlineData(100, ExpireFlags.IfSooner | ExpireFlags.IfAny, 99, 1)]
    [InlineData(0, ExpireFlags.IfSooner | ExpireFlags.IfAny, 99, 0)]
    public void Expire_conditions(long present, ExpireFlags flags, long wanted, int reply)
    {
        _shard.Set("a", "1", mode: present == 0 ? ExpiryMode.None : ExpiryMode.Relative, ms: present);
        Assert.Equal(reply.ToString(), Expire("a", wanted, flags));
        var left = reply == 1 ? wanted : present == 0 ? -1 : present;
        Assert.Equal(left.ToString(), Ttl("a"));
    }

    [Theory]
    [InlineData(0, ExpireFlags.None)]
    [InlineData(-1, ExpireFlags.None)]
    [InlineData(long.MinValue, ExpireFlags.None)]
    [InlineData(0, ExpireFlags.Absolute)]
    [InlineData(1_000_000, ExpireFlags.Absolute)]
    [InlineData(long.MinValue, ExpireFlags.Absolute)]
    public void Expiring_in_the_past_deletes(long ms, ExpireFlags flags)
    {
        _shard.Set("a", "1");
        Assert.Equal("1", Expire("a", ms, flags));
        Assert.Equal(0, _shard.State.KeyCount);
    }

    [Fact]
    public void Expire_refuses_what_excludes_itself_and_persist_undoes_it()
    {
        _shard.Set("a", "1");
        Assert.StartsWith("KeySyntax NX and XX", Expire("a", 5, ExpireFlags.IfNone | ExpireFlags.IfLater));
        Assert.StartsWith("KeySyntax GT and LT", Expire("a", 5, ExpireFlags.IfSooner | ExpireFlags.IfLater));
        Assert.StartsWith("KeyInvalidExpire", Expire("a", long.MaxValue));
        Assert.Equal("0", _shard.Do(o => KeyOps.Persist(o, "a"u8)));
        Expire("a", 5);
        Assert.Equal("1", _shard.Do(o => KeyOps.Persist(o, "a"u8)));
        Assert.Equal("-1", Ttl("a"));
        Assert.Equal("0", _shard.Do(o => KeyOps.Persist(o, "none"u8)));
    }

    [Theory]
    [InlineData("10", 5, "15")]
    [InlineData("-10", -5, "-15")]
    [InlineData("9223372036854775806", 1, "9223372036854775807")]
    [InlineData("9223372036854775807", 1, "KeyOverflow")]
    [InlineData("-9223372036854775808", -1, "KeyOverflow")]
    [InlineData("-1", long.MinValue, "KeyOverflow")]
    [InlineData("0", long.MinValue, "-9223372036854775808")]
    [InlineData("9223372036854775808", 1, "KeyNotAnInteger")]
    [InlineData("", 1, "KeyNotAnInteger")]
    [InlineData(" 1", 1, "KeyNotAnInteger")]
    [InlineData("1 ", 1, "KeyNotAnInteger")]
    [InlineData("+1", 1, "KeyNotAnInteger")]
    [InlineData("01", 1, "KeyNotAnInteger")]
    [InlineData("-0", 1, "KeyNotAnInteger")]
    [InlineData("1.5", 1, "KeyNotAnInteger")]
    [InlineData("1\0", 1, "KeyNotAnInteger")]
    [InlineData("000000000000000000000001", 1, "KeyNotAnInteger")]
    public void Increments(string value, long delta, string reply)
    {
        _shard.Set("a", value, mode: ExpiryMode.Relative, ms: 50);
        Assert.StartsWith(reply, Incr("a", delta));
        Assert.Equal("50", Ttl("a"));
        Assert.Equal(reply.StartsWith("Key") ? $"'{value}'" : $"'{reply}'", _shard.Get("a"));
    }

    [Fact]
    public void Append_grows_and_keeps_the_expiry_up_to_the_limit()
    {
        Assert.Equal("3", _shard.Do(o => KeyOps.Append(o, "a"u8, "abc"u8)));
        Expire("a", 100);
        Assert.Equal("5", _shard.Do(o => KeyOps.Append(o, "a"u8, "de"u8)));
        Assert.Equal("'abcde'", _shard.Get("a"));
        Assert.Equal("5", _shard.Read(q => QueryForms.Strlen(q, "a"u8)));
        Assert.Equal("0", _shard.Read(q => QueryForms.Strlen(q, "b"u8)));
        Assert.Equal("100", Ttl("a"));
        _shard.Do(o => KeyOps.Set(o, "big"u8, new byte[KeyRules.MaxValueBytes]));
        Assert.StartsWith("KeyTooLong", _shard.Do(o => KeyOps.Append(o, "big"u8, "x"u8)));
        Assert.Equal("'string'", _shard.Read(q => QueryForms.Type(q, "a"u8)));
        Assert.Equal("'none'", _shard.Read(q => QueryForms.Type(q, "b"u8)));
    }

    [Fact]
    public void A_bounded_read_gives_the_length_of_what_is_longer()
    {
        _shard.Set("k", "12345");
        _shard.Set("l", "1234567");
        Assert.Equal("'12345'", _shard.Read(q => QueryForms.GetWithin(q, "k"u8, 5)));
        Assert.Equal("5", _shard.Read(q => QueryForms.GetWithin(q, "k"u8, 4)));
        Assert.Equal("nil", _shard.Read(q => QueryForms.GetWithin(q, "none"u8, 0)));
        Assert.Equal("7", _shard.Read(q => QueryForms.GetWithin(q, "l"u8, 6)));
        Assert.Equal("'1234567'", _shard.Read(q => QueryForms.GetWithin(q, "l"u8, 7)));
        Assert.Equal("['12345', nil, '1234567']", _shard.Read(q => MGet(q, 12)));
        Assert.StartsWith("KeyTooLong the values of one shard are 12 bytes together, allowed are 11", _shard.Read(q => MGet(q, 11)));

        static void MGet(System.Buffers.IBufferWriter<byte> query, int most)
        {
            QueryForms.MGetWithin(query, 3, most);
            foreach (var key in new[] { "k", "none", "l" })
                QueryForms.KeyItem(query, TestShard.U(key));
        }
    }

    [Fact]
    public void A_malformed_query_is_answered_so()
    {
        byte[][] queries = [[], [99], [20], [20, 5, 1], [21, 200, 1], [2, 1], [6, 255], [28, 1], [40, 3], [1, 2, 3]];
        foreach (var query in queries)
            Assert.StartsWith("SysBadRequest", Show.Reply(TestShard.Bytes(o => _shard.State.Query(query, 0, o))));
    }
}
