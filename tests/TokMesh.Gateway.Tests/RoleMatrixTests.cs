using TokMesh.Cluster.Meta;
using TokMesh.TestKit.Http;

namespace TokMesh.Gateway.Tests;

/// <summary>Contract 7.1: every endpoint with every role and with none.</summary>
[Collection(GatewayCollection.Name)]
public sealed class RoleMatrixTests(SharedGateway shared)
{
    private const string Id = "tmss-01kcnxr35v2t8htzb9y878q677";
    private const string Key = "tmak-01kcnxr35w74x1hx85s8rp3pje";

    /// <summary>Method, path, body, and who may: m(etrics) v(alidator) i(ssuer) a(dmin); * for all, also without a key.</summary>
    public static TheoryData<string, string, string?, string> Endpoints => new()
    {
        { "POST", "/sessions", """{"user_id":"matrix"}""", "ia" },
        { "GET", "/sessions?user_id=matrix", null, "ia" },
        { "GET", "/sessions", null, "a" },
        { "GET", "/sessions/" + Id, null, "via" },
        { "POST", $"/sessions/{Id}/touch", null, "via" },
        { "POST", $"/sessions/{Id}/renew", """{"ttl_seconds":60}""", "ia" },
        { "POST", $"/sessions/{Id}/revoke", null, "ia" },
        { "POST", "/users/matrix/sessions/revoke", null, "ia" },
        { "POST", "/tokens/validate", """{"token":"unknown"}""", "via" },
        { "GET", "/keys/matrix", null, "ia" },
        { "POST", "/keys/matrix", """{"value":"x"}""", "ia" },
        { "POST", "/keys/matrix/delete", null, "ia" },
        { "POST", "/admin/v1/keys", """{"role":"validator"}""", "a" },
        { "GET", "/admin/v1/keys", null, "a" },
        { "POST", $"/admin/v1/keys/{Key}/status", """{"status":"active"}""", "a" },
        { "GET", "/cluster/status", null, "mvia" },
        { "GET", "/cluster/members", null, "mvia" },
        { "GET", "/cluster/shards", null, "a" },
        { "GET", "/health", null, "*" },
        { "GET", "/ready", null, "*" },
        { "GET", "/metrics", null, "ma" },
    };

    [Theory]
    [MemberData(nameof(Endpoints))]
    public async Task An_endpoint_is_open_to_its_roles_alone(string method, string path, string? body, string may)
    {
        var gateway = shared.Gateway;
        var isAdminApi = path.StartsWith("/admin", StringComparison.Ordinal);
        foreach (var role in Enum.GetValues<ApiRole>())
        {
            var answer = await gateway.SendAsync(method, path, gateway.Keys[role], body);
            if (may == "*" || may.Contains("mvia"[(int)role], StringComparison.Ordinal))
                Assert.False(answer.Status is 403 || (answer.Header("X-Error-Code") ?? "").StartsWith("TM-AUTH", StringComparison.Ordinal), $"{role} was refused: {answer.Text}");
            else
                Assert.Equal((403, isAdminApi ? "TM-ADMIN-4030" : "TM-AUTH-4030"), (answer.Status, answer.Header("X-Error-Code")));
        }
        var none = await gateway.SendAsync(method, path, null, body);
        var wrong = await gateway.SendAsync(method, path, Key + ":tmas_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf", body);
        if (may == "*")
        {
            Assert.Equal((200, 200), (none.Status, wrong.Status));
            return;
        }
        Assert.Equal((401, "TM-AUTH-4010"), (none.Status, none.Header("X-Error-Code")));
        Assert.Equal((401, "TM-AUTH-4011"), (wrong.Status, wrong.Header("X-Error-Code")));
        Assert.StartsWith("Bearer", none.Header("WWW-Authenticate"), StringComparison.Ordinal);
    }
}
