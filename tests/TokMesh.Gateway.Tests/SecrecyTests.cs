namespace TokMesh.Gateway.Tests;

public sealed class SecrecyTests
{
    [Fact]
    public async Task No_secret_token_user_or_data_is_in_a_log_line_or_a_metric()
    {
        await using var door = await TestDoor.StartAsync();
        const string user = "very-private-user", device = "very-private-device", data = "very-private-data", key = "very-private-key";
        var (id, token) = await door.CreateAsync(user, $",\"device_id\":\"{device}\",\"data\":{{\"k\":\"{data}\"}}");
        var dictated = "very-private-token-" + Guid.NewGuid();
        await door.CreateAsync(user, $",\"token\":\"{dictated}\"");
        await door.ValidateAsync(token, touch: true);
        await door.ValidateAsync(dictated);
        await door.ValidateAsync("tmtk_" + token[10..]);
        await door.PostAsync("/sessions", door.Issuer, $$"""{"user_id":"{{user}}","{{data}}":1}""");
        await door.PostAsync("/sessions", door.Issuer, $$"""{"user_id":"{{user}}","token":"{{dictated}}"}""");
        await door.GetAsync("/sessions?device_id=" + device, door.Admin);
        await door.GetAsync($"/sessions?user_id={user}&nope={data}", door.Issuer);
        await door.PostAsync("/keys/" + key, door.Issuer, $$"""{"value":"{{data}}"}""");
        await door.GetAsync("/keys/" + key, door.Issuer);
        var created = (await door.PostAsync("/admin/v1/keys", door.Admin, """{"role":"issuer"}""")).IsOk(201);
        var wrong = door.Admin[..32] + "tmas_" + new string('Z', 43);
        await door.GetAsync("/cluster/status", wrong);
        await door.PostAsync($"/sessions/{id}/revoke", door.Issuer, null);
        await door.PostAsync($"/users/{user}/sessions/revoke", door.Issuer, null);
        await door.PostAsync($"/users/{user}/nowhere", door.Issuer, null);
        var secrets = door.Keys.Values.Select(k => k[32..]).Append(created.GetProperty("key_secret").GetString()!)
            .Concat([user, device, data, key, token, dictated, new string('Z', 43), token[10..], "tmas_", "tmtk_", "tmth_", "pbkdf2"]).ToArray();
        var metrics = (await door.GetAsync("/metrics", door.Admin)).Text;
        foreach (var secret in secrets)
        {
            Assert.DoesNotContain(door.Log.Lines, l => l.Contains(secret, StringComparison.Ordinal));
            Assert.DoesNotContain(secret, metrics, StringComparison.Ordinal);
        }
        Assert.Contains(door.Log.Lines, l => l.Contains("TM-AUTH-4011", StringComparison.Ordinal));
    }
}
