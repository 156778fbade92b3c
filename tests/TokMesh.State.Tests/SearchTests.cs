using TokMesh.State.Queries;
using TokMesh.State.Replies;
using TokMesh.State.Sessions;

namespace TokMesh.State.Tests;

public class SearchTests
{
    private readonly TestShard _shard = new();

    private static string Tail(int n) => TestShard.Id(n).ToString()[^4..];

    private string Search(SessionSearch search) => _shard.Read(search.Write);

    private void Create(int n, string user = "u1", string device = "", string ip = "", int key = 0, long ttl = 60_000)
        => _shard.Create(new CreateSession
        {
            Id = TestShard.Id(n),
            Token = TestShard.Token($"token-{n}"),
            UserId = TestShard.U(user),
            DeviceId = TestShard.U(device),
            Ip = ip.Length == 0 ? [] : IpBytes.Of(System.Net.IPAddress.Parse(ip)),
            CreatedBy = key == 0 ? null : TestShard.Key(key),
            TtlMs = ttl,
        });

    [Fact]
    public void Filters_and_together()
    {
        Create(1, "u1", "d1", "10.0.0.1", 1);
        Create(2, "u1", "d2", "10.0.0.2", 1);
        Create(3, "u2", "d1", "10.0.1.1", 2);
        Assert.Equal($"[total 2, {Tail(2)}, {Tail(1)}]", Search(new SessionSearch { UserId = TestShard.U("u1") }));
        Assert.Equal($"[total 1, {Tail(1)}]", Search(new SessionSearch { UserId = TestShard.U("u1"), DeviceId = TestShard.U("d1") }));
        Assert.Equal($"[total 2, {Tail(3)}, {Tail(1)}]", Search(new SessionSearch { DeviceId = TestShard.U("d1") }));
        Assert.Equal($"[total 1, {Tail(3)}]", Search(new SessionSearch { KeyId = TestShard.Key(2) }));
        Assert.Equal($"[total 2, {Tail(2)}, {Tail(1)}]", Search(new SessionSearch { IpBlock = (new byte[] { 10, 0, 0, 0 }, 24) }));
        Assert.Equal("[total 0]", Search(new SessionSearch { UserId = TestShard.U("nobody") }));
    }

    [Fact]
    public void The_address_of_the_last_access_counts_and_only_without_one_that_of_creation()
    {
        Create(1, ip: "10.0.0.1");
        _shard.Lead(q => QueryForms.ValidateToken(q, TestShard.Token("token-1"), true, [11, 0, 0, 1], ""u8));
        Assert.Equal("[total 0]", Search(new SessionSearch { IpBlock = (new byte[] { 10, 0, 0, 1 }, 32) }));
        Assert.Equal($"[total 1, {Tail(1)}]", Search(new SessionSearch { IpBlock = (new byte[] { 11, 0, 0, 1 }, 32) }));
        _shard.Lead(q => QueryForms.ValidateToken(q, TestShard.Token("token-1"), true, [], ""u8));
        Assert.Equal($"[total 1, {Tail(1)}]", Search(new SessionSearch { IpBlock = (new byte[] { 10, 0, 0, 1 }, 32) }));
    }

    [Fact]
    public void The_created_range_has_its_start_and_not_its_end()
    {
        for (var i = 0; i < 5; i++, _shard.Now++)
            Create(i);
        Assert.Equal($"[total 2, {Tail(2)}, {Tail(1)}]", Search(new SessionSearch { CreatedFromMs = 1_000_001, CreatedBeforeMs = 1_000_003 }));
        Assert.Equal($"[total 1, {Tail(4)}]", Search(new SessionSearch { ActiveAfterMs = 1_000_004 }));
    }

    [Fact]
    public void Expired_ones_are_shown_only_when_asked_for()
    {
        Create(1, ttl: 10);
        Create(2);
        _shard.Now += 10;
        Assert.Equal($"[total 1, {Tail(2)}]", Search(new SessionSearch()));
        Assert.Equal($"[total 1, {Tail(1)}]", Search(new SessionSearch { Status = SearchStatus.Expired }));
    }

    [Fact]
    public void Results_are_the_first_of_all_in_either_order_with_ties_by_id()
    {
        var random = new Random(1);
        int[] order = [.. Enumerable.Range(0, 500)];
        random.Shuffle(order);
        foreach (var n in order)
        {
            _shard.Now += random.Next(2);
            Create(n);
        }
        foreach (var sort in Enum.GetValues<SearchSort>())
        {
            foreach (var descending in new[] { true, false })
            {
                var all = Search(new SessionSearch { SortBy = sort, Descending = descending, Limit = 1000 });
                var first = Search(new SessionSearch { SortBy = sort, Descending = descending, Limit = 7 });
                Assert.StartsWith(first[..^1], all);
                var reply = TestShard.Bytes(o => _shard.State.Query(TestShard.Bytes(new SessionSearch { SortBy = sort, Descending = descending, Limit = 1000 }.Write), 0, o));
                var reader = new ReplyReader(reply);
                reader.SessionList(out var total, out var count);
                Assert.Equal((500, 500), (total, count));
                var before = reader.NextSession();
                for (var i = 1; i < count; i++)
                {
                    var next = reader.NextSession();
                    Assert.True(SessionSearch.Compare(before, next, sort, descending) < 0);
                    before = next;
                }
            }
        }
    }
}
