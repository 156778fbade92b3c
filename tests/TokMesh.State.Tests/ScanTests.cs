using System.Text;
using TokMesh.State.Keys;
using TokMesh.State.Queries;
using TokMesh.State.Replies;

namespace TokMesh.State.Tests;

public class ScanTests
{
    private readonly TestShard _shard = new();

    private List<string> Page(ref ulong cursor, int count, string match = "", string type = "", bool sessions = false)
    {
        var from = cursor;
        var reply = TestShard.Bytes(o => _shard.State.Query(
            TestShard.Bytes(q => QueryForms.Scan(q, from, count, TestShard.U(match), TestShard.U(type), sessions)), _shard.Now, o));
        var reader = new ReplyReader(reply);
        reader.ScanPage(out cursor, out var names);
        var page = new List<string>();
        for (; names > 0; names--)
            page.Add(Encoding.UTF8.GetString(reader.NextName()));
        return page;
    }

    private List<string> All(int count, string match = "", string type = "", bool sessions = false)
    {
        var all = new List<string>();
        ulong cursor = 0;
        do
            all.AddRange(Page(ref cursor, count, match, type, sessions));
        while (cursor != 0);
        return all;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100_000)]
    public void A_table_at_rest_is_returned_once(int count)
    {
        for (var i = 0; i < 1000; i++)
            _shard.Set($"k{i}", "v");
        for (var i = 0; i < 300; i++)
            _shard.Create(TestShard.Session(i));
        var all = All(count);
        Assert.Equal(1000, all.Count);
        Assert.Equal(1000, all.Distinct().Count());
        var both = All(count, sessions: true);
        Assert.Equal(1300, both.Distinct().Count());
        Assert.Equal(1300, both.Count);
        Assert.Contains(TestShard.Id(7).ToString(), both);
        Assert.Equal(300, All(count, match: "tmss-*", sessions: true).Count);
        Assert.Equal(11, All(count, match: "k99*").Count);
        Assert.Empty(All(count, type: "hash", sessions: true));
        Assert.Equal(1000, All(count, type: "string").Count);
    }

    [Fact]
    public void Expired_elements_are_hidden()
    {
        _shard.Set("a", "1", mode: ExpiryMode.Relative, ms: 10);
        _shard.Set("b", "1");
        _shard.Create(TestShard.Session(1, ttl: 10));
        Assert.Equal(3, All(10, sessions: true).Count);
        _shard.Now += 10;
        Assert.Equal(["b"], All(10, sessions: true));
    }

    [Fact]
    public void Pages_are_small_and_an_empty_shard_ends_at_once()
    {
        ulong cursor = 0;
        Assert.Empty(Page(ref cursor, 10, sessions: true));
        Assert.NotEqual(0ul, All(1, sessions: true).Count == 0 ? 1ul : 0);
        for (var i = 0; i < 10_000; i++)
            _shard.Set($"k{i}", "v");
        cursor = 0;
        Assert.InRange(Page(ref cursor, 10).Count, 1, 40);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void What_stays_is_returned_while_the_table_grows_and_shrinks_and_the_replica_changes(int seed)
    {
        var random = new Random(seed);
        for (var run = 0; run < 25; run++)
        {
            var stay = new HashSet<string>();
            for (var i = 0; i < 200; i++)
            {
                _shard.Set($"stay{i}", "v");
                stay.Add($"stay{i}");
            }
            for (var i = 0; i < 50; i++)
            {
                _shard.Create(TestShard.Session(i, ttl: 0));
                stay.Add(TestShard.Id(i).ToString());
            }
            var seen = new HashSet<string>();
            ulong cursor = 0;
            var grow = random.Next(2) == 0;
            var extra = grow ? 0 : 5000;
            Fill(0, extra);
            do
            {
                seen.UnionWith(Page(ref cursor, random.Next(1, 60), sessions: true));
                if (random.Next(4) == 0)
                    grow = !grow;
                var next = grow ? extra + random.Next(2000) : Math.Max(0, extra - random.Next(4000));
                Fill(extra, next);
                extra = next;
                if (random.Next(5) == 0)
                    _shard.Restart();
            }
            while (cursor != 0);
            stay.ExceptWith(seen);
            Assert.Empty(stay);
            Fill(extra, 0);
        }
    }

    private void Fill(int from, int to)
    {
        for (var i = from; i < to; i++)
            _shard.Set($"extra{i}", "v");
        for (var i = from - 1; i >= to; i--)
            _shard.Do(o => KeyOps.GetDel(o, TestShard.U($"extra{i}")));
    }
}
