using System.Buffers;
using TokMesh.State.Errors;
using TokMesh.State.Keys;
using TokMesh.State.Names;
using TokMesh.State.Sessions;

namespace TokMesh.State.Tests;

public class SnapshotTests
{
    private readonly TestShard _shard = new();

    public SnapshotTests()
    {
        for (var i = 0; i < 20; i++)
        {
            _shard.Create(TestShard.Session(i, user: $"u{i % 3}", ttl: 1000 * i));
            _shard.Set($"k{i}", new string('v', i), mode: i % 2 == 0 ? ExpiryMode.Relative : ExpiryMode.None, ms: 500);
        }
        _shard.Do(o => KeyOps.Append(o, "k3"u8, "tail"u8));
        _shard.Do(o => SessionOps.Revoke(o, TestShard.Id(3)));
        _shard.Do(o => NameOps.Reserve(o, Name.Of(TestShard.Id(90)), 9, TestShard.Id(90), "u"u8, _shard.Now + 5));
        _shard.Do(o => NameOps.Reserve(o, Name.Of(TestShard.Token("t")), 8, TestShard.Id(90), "u"u8, _shard.Now + 5));
        _shard.Do(o => NameOps.Confirm(o, Name.Of(TestShard.Token("t")), 8));
        _shard.Create(new CreateSession { Id = TestShard.Id(99), Token = TestShard.Token("f"), UserId = TestShard.U("u"), TtlMs = 5, TokenForeign = true, Reservation = 4, NotAfterMs = _shard.Now + 9 });
    }

    private static ShardState Read(byte[] snapshot, int segment = int.MaxValue)
    {
        Segment first = new(ReadOnlyMemory<byte>.Empty, 0), last = first;
        for (var at = 0; at < snapshot.Length; at += segment)
        {
            last = last.Append(snapshot.AsMemory(at, Math.Min(segment, snapshot.Length - at)));
            if (segment == int.MaxValue)
                break;
        }
        return ShardState.ReadSnapshot(new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length));
    }

    [Fact]
    public void Everything_comes_back_from_segments_of_any_size()
    {
        var snapshot = TestShard.Bytes(_shard.State.WriteSnapshot);
        foreach (var size in new[] { 1, 2, 3, 7, 64, 4096 })
        {
            var read = Read(snapshot, size);
            Assert.Equal(_shard.State.Digest(), read.Digest());
            Assert.Equal(snapshot, TestShard.Bytes(read.WriteSnapshot));
            Assert.Equal((_shard.State.SessionCount, _shard.State.KeyCount, _shard.State.EntryTime), (read.SessionCount, read.KeyCount, read.EntryTime));
            Assert.Equal((1, 2, 1), (read.TombstoneCount, read.NameCount, read.OutboxCount));
        }
    }

    [Fact]
    public void A_snapshot_cut_anywhere_is_refused()
    {
        var snapshot = TestShard.Bytes(_shard.State.WriteSnapshot);
        for (var cut = 0; cut < snapshot.Length; cut++)
            Assert.Throws<CorruptSnapshotException>(() => Read(snapshot[..cut]));
        Assert.Throws<CorruptSnapshotException>(() => Read([.. snapshot, 0]));
    }

    [Fact]
    public void A_damaged_snapshot_is_refused_or_differs_but_breaks_nothing()
    {
        var snapshot = TestShard.Bytes(_shard.State.WriteSnapshot);
        var random = new Random(8);
        var refused = 0;
        for (var i = 0; i < 5000; i++)
        {
            var bad = (byte[])snapshot.Clone();
            bad[random.Next(bad.Length)] ^= (byte)(1 << random.Next(8));
            try
            {
                Assert.NotEqual(_shard.State.Digest(), Read(bad).Digest());
            }
            catch (CorruptSnapshotException)
            {
                refused++;
            }
        }
        Assert.NotEqual(0, refused);
    }

    [Fact]
    public void Every_kind_of_change_changes_the_digest()
    {
        var seen = new HashSet<ulong> { _shard.State.Digest() };
        foreach (var change in new Action[]
        {
            () => _shard.Set("k1", "other"),
            () => _shard.Do(o => SessionOps.Renew(o, TestShard.Id(5), 99)),
            () => _shard.Do(o => NameOps.Confirm(o, Name.Of(TestShard.Id(90)), 9)),
            () => _shard.Do(o => NameOps.OutboxDone(o, 1)),
            () => _shard.Do(o => SessionOps.Revoke(o, TestShard.Id(7))),
            () => _shard.Apply([]),
        })
        {
            change();
            Assert.True(seen.Add(_shard.State.Digest()));
        }
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, long index) => (Memory, RunningIndex) = (memory, index);

        public Segment Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Segment(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
