using TokMesh.State.Dedup;
using TokMesh.State.Entries;
using TokMesh.State.Keys;

namespace TokMesh.State.Tests;

public class DedupTests
{
    private static readonly byte[] Incr = TestShard.Bytes(o => KeyOps.IncrBy(o, "n"u8, 1));

    private readonly TestShard _shard = new();

    private string Send(ulong origin, ulong floor, ulong seq, byte[] op)
    {
        var entry = new EntryBuilder(OpFormat.IsWellFormed);
        entry.Start(_shard.Now);
        entry.Append(origin, floor, seq, op);
        return _shard.Apply(entry.Written.ToArray())[0];
    }

    [Fact]
    public void A_retry_takes_effect_once_and_gets_the_same_reply()
    {
        Assert.Equal("1", Send(1, 0, 1, Incr));
        Assert.Equal("2", Send(1, 0, 2, Incr));
        Assert.Equal("1", Send(1, 0, 1, Incr));
        Assert.Equal("2", Send(1, 0, 2, Incr));
        Assert.Equal("'2'", _shard.Get("n"));
    }

    [Fact]
    public void A_retry_after_a_snapshot_gets_the_same_reply()
    {
        Send(1, 0, 1, Incr);
        _shard.Restart();
        Assert.Equal("1", Send(1, 0, 1, Incr));
        Assert.Equal("'1'", _shard.Get("n"));
    }

    [Fact]
    public void An_operation_that_others_have_overtaken_is_not_executed()
    {
        Send(1, 0, 5, Incr);
        Assert.Equal("Superseded", Send(1, 0, 4, Incr));
        Assert.Equal("'1'", _shard.Get("n"));
    }

    [Fact]
    public void Replies_below_the_floor_are_forgotten()
    {
        Send(1, 0, 1, Incr);
        Send(1, 0, 2, Incr);
        Send(1, 2, 3, Incr);
        Assert.Equal("Superseded", Send(1, 0, 1, Incr));
        Assert.Equal("2", Send(1, 0, 2, Incr));
        Assert.Equal("'3'", _shard.Get("n"));
    }

    [Fact]
    public void Origins_do_not_mix()
    {
        Assert.Equal("1", Send(1, 0, 1, Incr));
        Assert.Equal("2", Send(2, 0, 1, Incr));
        Assert.Equal("1", Send(1, 0, 1, Incr));
    }

    [Fact]
    public void An_origin_unseen_for_ten_minutes_is_forgotten()
    {
        Send(1, 0, 1, Incr);
        _shard.Now += OriginTable.MemoryMs - 1;
        Assert.Equal("1", Send(1, 0, 1, Incr));
        _shard.Now += OriginTable.MemoryMs;
        Assert.Equal("2", Send(1, 0, 1, Incr));
    }

    [Fact]
    public void A_reply_too_large_to_keep_is_known_to_have_been_given()
    {
        var large = TestShard.Bytes(o => KeyOps.Set(o, "big"u8, new byte[9 << 20]));
        var read = TestShard.Bytes(o => KeyOps.GetEx(o, "big"u8, ExpiryMode.None));
        Send(1, 0, 1, large);
        Send(1, 0, 2, read);
        Send(1, 0, 3, Incr);
        Send(1, 0, 4, read);
        Assert.StartsWith("ReplyForgotten", Send(1, 0, 2, read));
        Assert.Equal("1", Send(1, 0, 3, Incr));
        Assert.Equal(9 << 20, Send(1, 0, 4, read).Length - 2);
        _shard.Restart();
        Assert.StartsWith("ReplyForgotten", Send(1, 0, 2, read));
        Assert.Equal("1", Send(1, 0, 3, Incr));
    }

    [Fact]
    public void The_window_keeps_exactly_what_is_awaited_under_random_floors()
    {
        var random = new Random(3);
        var window = new ReplyWindow();
        var model = new SortedDictionary<ulong, byte[]>();
        ulong seq = 0, floor = 0;
        for (var i = 0; i < 20_000; i++)
        {
            seq += (ulong)random.Next(1, 3);
            var reply = new byte[random.Next(0, 60)];
            random.NextBytes(reply);
            window.Add(seq, reply);
            model.Add(seq, reply);
            if (random.Next(5) == 0)
            {
                floor = Math.Max(floor, seq - (ulong)Math.Min((long)seq, random.Next(200)));
                window.ForgetBelow(floor);
                foreach (var old in model.Keys.TakeWhile(k => k < floor).ToArray())
                    model.Remove(old);
            }
            Assert.Equal(model.Count, window.Count);
            var probe = seq - (ulong)Math.Min((long)seq, random.Next(220));
            var found = window.TryFind(probe, out _, out var kept);
            Assert.Equal(model.TryGetValue(probe, out var expected), found);
            if (found)
                Assert.True(kept.SequenceEqual(expected));
        }
    }
}
