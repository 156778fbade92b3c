using TokMesh.State.Entries;
using TokMesh.State.Errors;
using TokMesh.State.Keys;
using TokMesh.State.Names;
using TokMesh.State.Queries;
using TokMesh.State.Sessions;
using TokMesh.State.Wire;

namespace TokMesh.State.Tests;

public class EntryTests
{
    private static byte[] Entry(params byte[][] ops)
    {
        var entry = new EntryBuilder(OpFormat.IsWellFormed);
        entry.Start(1000);
        entry.Append(TestShard.Origin, 0, 1, ops.Select(o => (ReadOnlyMemory<byte>)o).ToArray());
        return entry.Written.ToArray();
    }

    private static byte[][] OneOfEach() =>
    [
        TestShard.Bytes(o => SessionOps.Create(o, TestShard.Session(1))),
        TestShard.Bytes(o => SessionOps.Update(o, new UpdateSession { Id = TestShard.Id(1), DeviceId = TestShard.U("d"), Data = Array.Empty<byte>(), TtlMs = 5, ExpectedUserId = TestShard.U("u1") })),
        TestShard.Bytes(o => SessionOps.Renew(o, TestShard.Id(1), 1000)),
        TestShard.Bytes(o => SessionOps.RenewIf(o, TestShard.Id(1), 300, 1000)),
        TestShard.Bytes(o => SessionOps.Revoke(o, TestShard.Id(2))),
        TestShard.Bytes(o => SessionOps.RevokeIf(o, TestShard.Id(2), 300)),
        TestShard.Bytes(o => SessionOps.RevokeMany(o, [TestShard.Id(2), TestShard.Id(3)])),
        TestShard.Bytes(o => SessionOps.RevokeUser(o, "u9"u8)),
        TestShard.Bytes(o => SessionOps.ExpireSweep(o, 10)),
        TestShard.Bytes(o => KeyOps.Set(o, "k"u8, "1"u8, SetFlags.IfAbsent, ExpiryMode.Relative, 5000, 0)),
        TestShard.Bytes(o => KeyOps.GetDel(o, "x"u8)),
        TestShard.Bytes(o => KeyOps.GetEx(o, "k"u8, ExpiryMode.KeepOrPersist)),
        TestShard.Bytes(o => { KeyOps.Del(o, 2); KeyOps.KeyItem(o, "a"u8); KeyOps.KeyItem(o, "b"u8); }),
        TestShard.Bytes(o => { KeyOps.MSet(o, 1); KeyOps.KeyItem(o, "m"u8); KeyOps.KeyItem(o, "v"u8); }),
        TestShard.Bytes(o => KeyOps.Expire(o, "k"u8, 5, ExpireFlags.IfNone)),
        TestShard.Bytes(o => KeyOps.Persist(o, "k"u8)),
        TestShard.Bytes(o => KeyOps.IncrBy(o, "k"u8, 4)),
        TestShard.Bytes(o => KeyOps.Append(o, "k"u8, "5"u8)),
        TestShard.Bytes(o => NameOps.Reserve(o, Name.Of(TestShard.Id(5)), 1, TestShard.Id(5), "u"u8, 5000, 7)),
        TestShard.Bytes(o => NameOps.Confirm(o, Name.Of(TestShard.Token("t")), 1)),
        TestShard.Bytes(o => NameOps.Release(o, Name.Of(TestShard.Id(5)), 1)),
        TestShard.Bytes(o => NameOps.Resolve(o, new NamePointer(Name.Of(TestShard.Id(5)), 1, TestShard.Id(5), TestShard.U("u"), NameState.Reserved, 9))),
        TestShard.Bytes(o => NameOps.OutboxDone(o, 3)),
    ];

    [Fact]
    public void Every_operation_has_its_bytes_read_to_the_last()
    {
        var ops = OneOfEach();
        foreach (var op in ops)
        {
            Assert.True(OpFormat.IsWellFormed(op), $"{(OpCode)op[0]}");
            for (var cut = 0; cut < op.Length; cut++)
                Assert.False(OpFormat.IsWellFormed(op.AsSpan(0, cut)), $"{(OpCode)op[0]} cut at {cut}");
            Assert.False(OpFormat.IsWellFormed([.. op, 0]), $"{(OpCode)op[0]} with a byte too many");
        }
        Assert.Equal(Enum.GetValues<OpCode>().Where(c => c != OpCode.SessionTouches), ops.Select(o => (OpCode)o[0]).Order());
        Assert.False(OpFormat.IsWellFormed([250]));
    }

    [Fact]
    public void An_entry_torn_anywhere_is_refused_and_changes_nothing()
    {
        var entry = Entry(OneOfEach());
        for (var cut = 1; cut < entry.Length; cut++)
        {
            var shard = new TestShard();
            var before = shard.State.Digest();
            // A cut right after the stamp leaves a whole entry without sections.
            if (cut == 8)
                continue;
            Assert.Throws<CorruptEntryException>(() => shard.Apply(entry[..cut]));
            Assert.Equal(before, shard.State.Digest());
        }
    }

    [Fact]
    public void Random_bytes_never_break_the_reader_in_any_other_way()
    {
        var random = new Random(5);
        var good = Entry(OneOfEach());
        for (var i = 0; i < 20_000; i++)
        {
            var bad = (byte[])good.Clone();
            for (var flips = random.Next(1, 4); flips > 0; flips--)
                bad[random.Next(bad.Length)] = (byte)random.Next(256);
            var shard = new TestShard();
            try
            {
                shard.Apply(bad);
            }
            catch (CorruptEntryException)
            {
                Assert.Equal(0ul, shard.State.AppliedIndex);
            }
        }
    }

    [Fact]
    public void An_empty_entry_moves_the_index_alone()
    {
        var shard = new TestShard();
        shard.Set("a", "1");
        var time = shard.State.EntryTime;
        Assert.Empty(shard.Apply([]));
        Assert.Equal(2ul, shard.State.AppliedIndex);
        Assert.Equal(time, shard.State.EntryTime);
    }

    [Fact]
    public void An_index_is_applied_once()
    {
        var shard = new TestShard();
        shard.Set("a", "1");
        Assert.Throws<InvalidOperationException>(() => shard.State.Apply(1, shard.Log[0], shard));
        shard.State.Apply(9, [], shard);
        Assert.Equal(9ul, shard.State.AppliedIndex);
    }

    [Fact]
    public void Time_never_goes_back()
    {
        var shard = new TestShard { Now = 5000 };
        shard.Set("a", "1", mode: ExpiryMode.Relative, ms: 10);
        shard.Now = 4000;
        shard.Set("b", "1", mode: ExpiryMode.Relative, ms: 10);
        Assert.Equal(5000, shard.State.EntryTime);
        Assert.Equal("10", shard.Read(q => QueryForms.PTtl(q, "b"u8)));
    }

    [Fact]
    public void Raw_sections_are_appended_only_whole()
    {
        var section = Entry(OneOfEach())[8..];
        var entry = new EntryBuilder(OpFormat.IsWellFormed);
        entry.Start(1000);
        Assert.False(entry.TryAppendRaw(section.AsSpan(0, section.Length - 1)));
        Assert.False(entry.TryAppendRaw([]));
        Assert.Equal(8, entry.Written.Length);
        Assert.True(entry.TryAppendRaw(section));
        Assert.Equal(OneOfEach().Length, entry.OpCount);
        Assert.Equal(Entry(OneOfEach()), entry.Written.ToArray());
    }

    [Fact]
    public void Sections_of_several_origins_share_an_entry()
    {
        var shard = new TestShard();
        var entry = new EntryBuilder(OpFormat.IsWellFormed);
        entry.Start(1000);
        var incr = TestShard.Bytes(o => KeyOps.IncrBy(o, "n"u8, 1));
        entry.Append(1, 0, 1, incr, incr);
        entry.Append(2, 0, 1, incr);
        Assert.Equal(["1", "2", "3"], shard.Apply(entry.Written.ToArray()));
    }
}
