using System.Globalization;
using System.Text.Json;
using TokMesh.TestKit.Http;

namespace TokMesh.Gateway.Tests;

[Collection(GatewayCollection.Name)]
public sealed class SearchTests(SharedGateway shared)
{
    private readonly TestGateway _gateway = shared.Gateway;

    [Fact]
    public async Task The_default_page_is_the_first_with_twenty_and_newest_first()
    {
        for (var i = 0; i < 25; i++) await _gateway.CreateAsync("pager");
        var first = (await _gateway.GetAsync("/sessions?user_id=pager", _gateway.Issuer)).IsOk();
        var second = (await _gateway.GetAsync("/sessions?user_id=pager&page=2", _gateway.Issuer)).IsOk();
        Assert.Equal(25, first.GetProperty("total_items").GetInt32());
        Assert.Equal(20, first.GetProperty("items").GetArrayLength());
        Assert.Equal(5, second.GetProperty("items").GetArrayLength());
        var times = Longs(first, "created_at").Concat(Longs(second, "created_at")).ToArray();
        Assert.Equal(times.OrderDescending(), times);
        Assert.Equal(0, (await _gateway.GetAsync("/sessions?user_id=pager&page=3", _gateway.Issuer)).IsOk().GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task Pages_over_all_shards_show_every_session_once_in_order()
    {
        await using var gateway = await TestGateway.StartAsync();
        for (var i = 0; i < 45; i++) await gateway.CreateAsync("user-" + i);
        foreach (var order in new[] { "asc", "desc" })
        {
            var seen = new List<(long, string)>();
            for (var page = 1; page <= 5; page++)
            {
                var data = (await gateway.GetAsync($"/sessions?sort_by=created_at&sort_order={order}&size=10&page={page}", gateway.Admin)).IsOk();
                Assert.Equal(45, data.GetProperty("total_items").GetInt32());
                seen.AddRange(data.GetProperty("items").EnumerateArray().Select(s => (s.GetProperty("created_at").GetInt64(), s.GetProperty("id").GetString()!)));
            }
            Assert.Equal(45, seen.Distinct().Count());
            Assert.Equal(order == "asc" ? seen.Order() : seen.OrderDescending(), seen);
        }
        Assert.Contains(gateway.Log.Lines, l => l.Contains("searched all 8 shards; 45 sessions", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Filters_hold_together()
    {
        var (id, _) = await _gateway.CreateAsync("filter", ",\"device_id\":\"tv\"");
        await _gateway.CreateAsync("filter", ",\"device_id\":\"phone\"");
        var session = (await _gateway.GetAsync("/sessions/" + id, _gateway.Validator)).Data;
        var created = session.GetProperty("created_at").GetInt64();
        await ExpectAsync(1, "device_id=tv");
        await ExpectAsync(0, "device_id=radio");
        await ExpectAsync(2, "key_id=" + _gateway.Issuer[..31]);
        await ExpectAsync(0, "key_id=" + _gateway.Admin[..31]);
        await ExpectAsync(2, "ip_address=127.0.0.1");
        await ExpectAsync(2, "ip_address=127.0.0.0%2F8");
        await ExpectAsync(2, "ip_address=::ffff:127.0.0.1");
        await ExpectAsync(0, "ip_address=10.0.0.0%2F8");
        await ExpectAsync(0, "time_range_end=" + created);
        await ExpectAsync(1, $"device_id=tv&time_range_start={created}&time_range_end={created + 1}");
        await ExpectAsync(1, "device_id=tv&time_range_start=" + Uri.EscapeDataString(DateTimeOffset.FromUnixTimeMilliseconds(created).ToString("yyyy-MM-dd'T'HH:mm:ss.fffzzz", CultureInfo.InvariantCulture)));
        await ExpectAsync(2, "active_after=" + created);
        await ExpectAsync(0, "active_after=2100-01-01T00:00:00Z");
        await ExpectAsync(0, "status=expired");
        await ExpectAsync(2, "status=active");

        async Task ExpectAsync(int count, string filter) =>
            Assert.Equal((filter, count), (filter, (await _gateway.GetAsync("/sessions?user_id=filter&" + filter, _gateway.Issuer)).IsOk().GetProperty("total_items").GetInt32()));
    }

    [Fact]
    public async Task Sorting_by_activity_follows_the_touches()
    {
        var (first, _) = await _gateway.CreateAsync("active");
        await _gateway.NextMillisecondAsync();
        var (second, _) = await _gateway.CreateAsync("active");
        await _gateway.NextMillisecondAsync();
        await _gateway.PostAsync($"/sessions/{first}/touch", _gateway.Validator, null);
        var found = (await _gateway.GetAsync("/sessions?user_id=active&sort_by=last_active&sort_order=desc", _gateway.Issuer)).IsOk();
        Assert.Equal([first, second], found.GetProperty("items").EnumerateArray().Select(s => s.GetProperty("id").GetString()));
    }

    [Fact]
    public async Task A_projection_shows_what_was_asked_for_and_the_forced_fields()
    {
        await _gateway.CreateAsync("projection", ",\"data\":{\"a\":\"b\"}");
        var item = (await _gateway.GetAsync("/sessions?user_id=projection&fields=id,user_id", _gateway.Issuer)).IsOk().GetProperty("items")[0];
        Assert.Equal(["id", "user_id", "expires_at", "last_active", "version"], item.EnumerateObject().Select(p => p.Name));
    }

    [Theory]
    [InlineData("size=10000", "100")]
    [InlineData("size=0", "100")]
    [InlineData("size=-1", "100")]
    [InlineData("size=ten", "100")]
    [InlineData("page=0", "page")]
    [InlineData("page=1000&size=100", "page")]
    [InlineData("sort_by=version", "last_active")]
    [InlineData("sort_order=up", "asc")]
    [InlineData("status=gone", "expired")]
    [InlineData("ip_address=localhost", "CIDR")]
    [InlineData("ip_address=10.0.0.0/33", "CIDR")]
    [InlineData("time_range_start=yesterday", "RFC 3339")]
    [InlineData("time_range_start=2025-12-17T10:30:00", "RFC 3339")]
    [InlineData("key_id=tmak-1", "tmak-")]
    [InlineData("fields=token_hash", "token_hash")]
    [InlineData("fields=id,nope", "nope")]
    [InlineData("userid=x", "userid")]
    [InlineData("size=1&size=2", "size")]
    public async Task A_parameter_that_cannot_be_is_refused_with_what_may_be(string parameter, string named)
    {
        var answer = await _gateway.GetAsync("/sessions?user_id=x&" + parameter, _gateway.Admin);
        answer.Is(400, "TM-ARG-1001");
        Assert.Contains(named, answer.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_a_batch_revoke_the_users_search_is_empty()
    {
        await _gateway.CreateAsync("emptied");
        await _gateway.PostAsync("/users/emptied/sessions/revoke", _gateway.Issuer, null);
        var found = (await _gateway.GetAsync("/sessions?user_id=emptied", _gateway.Issuer)).IsOk();
        Assert.Equal((0, 0), (found.GetProperty("total_items").GetInt32(), found.GetProperty("items").GetArrayLength()));
    }

    private static IEnumerable<long> Longs(JsonElement data, string name) => data.GetProperty("items").EnumerateArray().Select(s => s.GetProperty(name).GetInt64());
}
