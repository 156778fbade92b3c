using TokMesh.TestKit.Http;

namespace TokMesh.Gateway.Tests;

public sealed class SecrecyTests
{
    [Fact]
    public async Task No_secret_token_user_or_data_is_in_a_log_line_or_a_metric()
    {
        await using var gateway = await TestGateway.StartAsync();
        const string user = "very-private-user", device = "very-private-device", data = "very-private-data", key = "very-private-key";
        var (id, token) = await gateway.CreateAsync(user, $",\"device_id\":\"{device}\",\"data\":{{\"k\":\"{data}\"}}");
        var dictated = "very-private-token-" + Guid.NewGuid();
        await gateway.CreateAsync(user, $",\"token\":\"{dictated}\"");
        await gateway.ValidateAsync(token, touch: true);
        await gateway.ValidateAsync(dictated);
        await gateway.ValidateAsync("tmtk_" + token[10..]);
        await gateway.PostAsync("/sessions", gateway.Issuer, $$"""{"user_id":"{{user}}","{{data}}":1}""");
        await gateway.PostAsync("/sessions", gateway.Issuer, $$"""{"user_id":"{{user}}","token":"{{dictated}}"}""");
        await gateway.GetAsync("/sessions?device_id=" + device, gateway.Admin);
        await gateway.GetAsync($"/sessions?user_id={user}&nope={data}", gateway.Issuer);
        await gateway.PostAsync("/keys/" + key, gateway.Issuer, $$"""{"value":"{{data}}"}""");
        await gateway.GetAsync("/keys/" + key, gateway.Issuer);
        var created = (await gateway.PostAsync("/admin/v1/keys", gateway.Admin, """{"role":"issuer"}""")).IsOk(201);
        var wrong = gateway.Admin[..32] + "tmas_" + new string('Z', 43);
        await gateway.GetAsync("/cluster/status", wrong);
        await gateway.PostAsync($"/sessions/{id}/revoke", gateway.Issuer, null);
        await gateway.PostAsync($"/users/{user}/sessions/revoke", gateway.Issuer, null);
        await gateway.PostAsync($"/users/{user}/nowhere", gateway.Issuer, null);
        var secrets = gateway.Keys.Values.Select(k => k[32..]).Append(created.GetProperty("key_secret").GetString()!)
            .Concat([user, device, data, key, token, dictated, new string('Z', 43), token[10..], "tmas_", "tmtk_", "tmth_", "pbkdf2"]).ToArray();
        var metrics = (await gateway.GetAsync("/metrics", gateway.Admin)).Text;
        foreach (var secret in secrets)
        {
            Assert.DoesNotContain(gateway.Log.Lines, l => l.Contains(secret, StringComparison.Ordinal));
            Assert.DoesNotContain(secret, metrics, StringComparison.Ordinal);
        }
        Assert.Contains(gateway.Log.Lines, l => l.Contains("TM-AUTH-4011", StringComparison.Ordinal));
    }
}
