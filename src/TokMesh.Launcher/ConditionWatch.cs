using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace TokMesh.Launcher;

/// <summary>Asks a node now and then what is wrong with the cluster, and says each thing once when it comes and once when it is over.</summary>
internal sealed class ConditionWatch(string adminKey, Action<string> say) : IDisposable
{
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(1) };
    private Dictionary<(string Code, uint Node), string> _said = [];

    public void Dispose() => _http.Dispose();

    /// <summary>Asks the first node that answers; says nothing when none does.</summary>
    public async Task LookAsync(IEnumerable<string> httpAddresses)
    {
        foreach (var address in httpAddresses)
        {
            if (await AskAsync(address) is not { } status) continue;
            Compare(status);
            return;
        }
    }

    /// <summary>Says what is new and what is over in an answer of <c>/cluster/status</c>.</summary>
    internal void Compare(JsonElement status)
    {
        var now = new Dictionary<(string Code, uint Node), string>();
        foreach (var condition in status.GetProperty("conditions").EnumerateArray())
        {
            var severity = condition.GetProperty("severity").GetString();
            if (severity == "info") continue;
            var node = condition.GetProperty("node") is { ValueKind: JsonValueKind.Object } about ? about.GetProperty("number").GetUInt32() : 0;
            var key = (condition.GetProperty("code").GetString()!, node);
            now[key] = condition.GetProperty("text").GetString()!;
            if (!_said.ContainsKey(key)) say($"{key.Item1} ({severity}): {now[key]}");
        }
        foreach (var (key, text) in _said)
            if (!now.ContainsKey(key)) say($"{key.Code} is over: {text}");
        _said = now;
    }

    private async Task<JsonElement?> AskAsync(string address)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"http://{address}/cluster/status"));
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", adminKey);
            using var answer = await _http.SendAsync(request);
            if (answer.StatusCode != HttpStatusCode.OK) return null;
            using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
            return json.RootElement.GetProperty("data").Clone();
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or JsonException or KeyNotFoundException)
        {
            return null;
        }
    }
}
