using TokMesh.Cluster.Meta;
using TokMesh.TestKit.Http;

namespace TokMesh.Gateway.Tests;

[Collection(GatewayCollection.Name)]
public sealed class ApiKeyTests(SharedGateway shared)
{
    private readonly TestGateway _gateway = shared.Gateway;

    [Theory]
    [InlineData("metrics", "/metrics")]
    [InlineData("validator", "/sessions/tmss-01kcnxr35v2t8htzb9y878q677")]
    [InlineData("issuer", "/keys/x")]
    [InlineData("admin", "/admin/v1/keys")]
    public async Task A_new_key_works_on_this_node_when_the_call_returns(string role, string path)
    {
        var created = (await _gateway.PostAsync("/admin/v1/keys", _gateway.Admin, $$"""{"role":"{{role}}","description":"test","rate_limit":50}""")).IsOk(201);
        var id = created.GetProperty("key_id").GetString()!;
        Assert.Matches("^tmak-[0-7][0-9a-hjkmnp-tv-z]{25}$", id);
        var secret = created.GetProperty("key_secret").GetString()!;
        Assert.Matches("^tmas_[0-9A-Za-z]{43}$", secret);
        Assert.NotEqual(401, (await _gateway.GetAsync(path, $"{id}:{secret}")).Status);
        Assert.NotEqual(403, (await _gateway.GetAsync(path, $"{id}:{secret}")).Status);
    }

    [Fact]
    public async Task The_list_shows_keys_without_their_secrets()
    {
        var created = (await _gateway.PostAsync("/admin/v1/keys", _gateway.Admin, """{"role":"issuer","name":"listed"}""")).IsOk(201);
        var answer = await _gateway.GetAsync("/admin/v1/keys?role=issuer&status=active&size=100", _gateway.Admin);
        var items = answer.IsOk().GetProperty("items").EnumerateArray().ToArray();
        var listed = Assert.Single(items, k => k.GetProperty("key_id").GetString() == created.GetProperty("key_id").GetString());
        Assert.Equal(("issuer", "listed", 1000, "active", _gateway.Admin[..31]), (listed.GetProperty("role").GetString(), listed.GetProperty("description").GetString(),
            listed.GetProperty("rate_limit").GetInt32(), listed.GetProperty("status").GetString(), listed.GetProperty("created_by").GetString()));
        Assert.All(items, k => Assert.Equal("issuer", k.GetProperty("role").GetString()));
        Assert.Equal(items.Length, answer.Data.GetProperty("total_items").GetInt32());
        Assert.DoesNotContain("tmas_", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("pbkdf2", answer.Text, StringComparison.Ordinal);
        Assert.Equal(1, (await _gateway.GetAsync("/admin/v1/keys?page=2&size=1", _gateway.Admin)).IsOk().GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task Disabling_a_key_takes_effect_at_once_and_can_be_undone()
    {
        var key = await _gateway.AddKeyAsync(ApiRole.Issuer);
        var id = key[..31];
        (await _gateway.GetAsync("/cluster/status", key)).IsOk();
        var disabled = (await _gateway.PostAsync($"/admin/v1/keys/{id.ToUpperInvariant()}/status", _gateway.Admin, """{"status":"disabled"}""")).IsOk();
        Assert.Equal((id, "disabled"), (disabled.GetProperty("key_id").GetString(), disabled.GetProperty("status").GetString()));
        Assert.False(disabled.TryGetProperty("warning", out _));
        (await _gateway.GetAsync("/cluster/status", key)).Is(401, "TM-AUTH-4012");
        (await _gateway.PostAsync($"/admin/v1/keys/{id}/status", _gateway.Admin, """{"status":"disabled"}""")).IsOk();
        (await _gateway.PostAsync($"/admin/v1/keys/{id}/status", _gateway.Admin, """{"status":"active"}""")).IsOk();
        (await _gateway.GetAsync("/cluster/status", key)).IsOk();
    }

    [Fact]
    public async Task Disabling_the_last_admin_key_is_allowed_with_a_warning()
    {
        await using var gateway = await TestGateway.StartAsync();
        var disabled = (await gateway.PostAsync($"/admin/v1/keys/{gateway.Admin[..31]}/status", gateway.Admin, """{"status":"disabled"}""")).IsOk();
        Assert.StartsWith("Security Warning", disabled.GetProperty("warning").GetString(), StringComparison.Ordinal);
        (await gateway.GetAsync("/ready", null)).Is(503, "TM-SYS-5030");
    }

    [Fact]
    public async Task A_key_for_more_than_a_year_or_for_ever_is_created_with_a_warning()
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        Assert.True(await WarnsAsync(now + 366L * 86_400_000));
        Assert.True(await WarnsAsync(0));
        Assert.False(await WarnsAsync(now + 30L * 86_400_000));

        async Task<bool> WarnsAsync(long expiresAt) =>
            (await _gateway.PostAsync("/admin/v1/keys", _gateway.Admin, $$"""{"role":"metrics","expires_at":{{expiresAt}}}""")).IsOk(201).TryGetProperty("warning", out _);
    }

    [Theory]
    [InlineData("{}", "TM-ARG-1002")]
    [InlineData("""{"role":"root"}""", "TM-ARG-1001")]
    [InlineData("""{"role":"Admin"}""", "TM-ARG-1001")]
    [InlineData("""{"role":"issuer","rate_limit":0}""", "TM-ARG-1001")]
    [InlineData("""{"role":"issuer","rate_limit":1000001}""", "TM-ARG-1001")]
    [InlineData("""{"role":"issuer","expires_at":1}""", "TM-ARG-1001")]
    [InlineData("""{"role":"issuer","allowedlist":["10.0.0.0/8"]}""", "TM-ARG-1001")]
    [InlineData("""{"role":"issuer","allowedlist":"10.0.0.0/8"}""", "TM-SYS-4000")]
    [InlineData("""{"role":"issuer","name":"a","description":"b"}""", "TM-ARG-1003")]
    [InlineData("""{"role":"issuer","verifier":"x"}""", "TM-SYS-4000")]
    public async Task A_key_that_breaks_a_rule_is_not_made(string body, string code) => (await _gateway.PostAsync("/admin/v1/keys", _gateway.Admin, body)).Is(400, code);

    [Fact]
    public async Task A_description_of_257_bytes_is_too_long_and_an_empty_allow_list_is_fine()
    {
        (await _gateway.PostAsync("/admin/v1/keys", _gateway.Admin, $$"""{"role":"issuer","description":"{{new string('d', 257)}}"}""")).Is(400, "TM-ARG-1001");
        (await _gateway.PostAsync("/admin/v1/keys", _gateway.Admin, """{"role":"issuer","allowedlist":[]}""")).IsOk(201);
    }

    [Fact]
    public async Task The_status_of_an_unknown_key_is_not_found_and_another_word_an_argument()
    {
        (await _gateway.PostAsync("/admin/v1/keys/tmak-01kcnxr35w74x1hx85s8rp3pje/status", _gateway.Admin, """{"status":"active"}""")).Is(404, "TM-ADMIN-4041");
        (await _gateway.PostAsync($"/admin/v1/keys/{_gateway.Issuer[..31]}/status", _gateway.Admin, """{"status":"off"}""")).Is(400, "TM-ARG-1001");
        (await _gateway.PostAsync($"/admin/v1/keys/{_gateway.Issuer[..31]}/status", _gateway.Admin, "{}")).Is(400, "TM-ARG-1002");
        (await _gateway.PostAsync("/admin/v1/keys/tmak-1/status", _gateway.Admin, """{"status":"active"}""")).Is(400, "TM-ARG-1001");
        (await _gateway.GetAsync("/admin/v1/keys?size=101", _gateway.Admin)).Is(400, "TM-ARG-1001");
        (await _gateway.GetAsync("/admin/v1/keys?role=root", _gateway.Admin)).Is(400, "TM-ARG-1001");
    }
}
