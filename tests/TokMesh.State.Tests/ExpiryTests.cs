using TokMesh.State.Keys;
using TokMesh.State.Sessions;
using TokMesh.State.Tables;

namespace TokMesh.State.Tests;

public class ExpiryTests
{
    private readonly TestShard _shard = new();

    [Fact]
    public void The_sweep_removes_exactly_what_has_expired()
    {
        for (var i = 0; i < 100; i++)
        {
            _shard.Create(TestShard.Session(i, ttl: 10 + i));
            _shard.Set($"k{i}", "v", mode: ExpiryMode.Relative, ms: 10 + i);
        }
        Assert.False(_shard.State.HasExpired(_shard.Now + 9));
        Assert.True(_shard.State.HasExpired(_shard.Now + 10));
        _shard.Now += 59;
        Assert.Equal("100", _shard.Sweep());
        Assert.Equal((50, 50), (_shard.State.SessionCount, _shard.State.KeyCount));
        Assert.False(_shard.State.HasExpired(_shard.Now));
        Assert.Equal("0", _shard.Sweep());
        Assert.StartsWith("tmss-", _shard.GetSession(50));
        Assert.Equal("'v'", _shard.Get("k50"));
    }

    [Fact]
    public void The_limit_holds_over_all_kinds()
    {
        for (var i = 0; i < 10; i++)
        {
            _shard.Create(TestShard.Session(i, ttl: 10));
            _shard.Set($"k{i}", "v", mode: ExpiryMode.Relative, ms: 10);
        }
        _shard.Now += 10;
        Assert.Equal("15", _shard.Sweep(15));
        Assert.Equal("5", _shard.Sweep(15));
        Assert.Equal(10, _shard.State.TombstoneCount);
        _shard.Now += Tombstones.MemoryMs;
        Assert.True(_shard.State.HasExpired(0) || _shard.State.HasExpired(_shard.Now));
        Assert.Equal("7", _shard.Sweep(7));
        Assert.Equal("3", _shard.Sweep(7));
        Assert.Equal(0, _shard.State.TombstoneCount);
    }

    [Fact]
    public void A_renewed_session_outlives_its_old_expiry_without_a_needless_sweep()
    {
        _shard.Create(TestShard.Session(1, ttl: 10));
        _shard.Do(o => SessionOps.Renew(o, TestShard.Id(1), 1000));
        Assert.False(_shard.State.HasExpired(_shard.Now + 999));
        Assert.True(_shard.State.HasExpired(_shard.Now + 1000));
        _shard.Do(o => SessionOps.Renew(o, TestShard.Id(1), 5));
        Assert.True(_shard.State.HasExpired(_shard.Now + 5));
    }

    [Fact]
    public void Replicas_of_different_history_sweep_the_same_of_equal_expiries()
    {
        var other = new TestShard();
        for (var i = 0; i < 200; i++)
        {
            _shard.Create(TestShard.Session(i * 37 % 200, ttl: 10));
            _shard.Set($"k{i}", "v", mode: ExpiryMode.Relative, ms: 10);
        }
        foreach (var entry in _shard.Log)
        {
            other.Apply(entry);
            if (other.Log.Count % 50 == 0)
                other.Restart();
        }
        _shard.Now += 10;
        for (var i = 0; i < 20; i++)
        {
            _shard.Sweep(17);
            other.Apply(_shard.Log[^1]);
            Assert.Equal(_shard.State.Digest(), other.State.Digest());
            other.Restart();
        }
    }

    [Fact]
    public void The_heap_agrees_with_a_sorted_list_under_random_changes()
    {
        var random = new Random(4);
        var order = new Order();
        var heap = new ExpiryHeap(order);
        for (var i = 0; i < 50_000; i++)
        {
            var slot = random.Next(300);
            long expiry = random.Next(4) == 0 ? 0 : random.Next(1, 100);
            order.Times[slot] = expiry;
            heap.Set(slot, expiry);
            var first = heap.Peek(out var when);
            long now = random.Next(100);
            var expected = -1;
            var expired = 0;
            for (var s = 0; s < 300; s++)
            {
                if (order.Times[s] == 0)
                    continue;
                if (order.Times[s] <= now)
                    expired++;
                if (expected < 0 || order.Times[s] < order.Times[expected] || (order.Times[s] == order.Times[expected] && s > expected))
                    expected = s;
            }
            Assert.Equal(expected, first);
            Assert.Equal(expected < 0 ? 0 : order.Times[expected], when);
            Assert.Equal(expired, heap.CountExpired(now));
        }
    }

    private sealed class Order : IExpiryOrder
    {
        public long[] Times { get; } = new long[300];

        public long ExpiryOf(int slot) => Times[slot];

        public int CompareIdentity(int a, int b) => b.CompareTo(a);
    }
}
