using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json;
using TokMesh.Linearizability;

namespace TokMesh.EndToEnd;

/// <summary>
/// Callers over both protocols that write, read, count, create, validate and revoke through whichever node answers, and remember
/// every answer with its time. What was not answered is remembered as unknown; what was definitely refused is forgotten.
/// </summary>
/// <param name="cluster">Whom they call.</param>
/// <param name="pauseMs">The longest that a caller waits between two calls.</param>
internal sealed class Workload(LocalCluster cluster, int pauseMs = 8)
{
    private readonly ConcurrentQueue<Operation> _history = new();
    private readonly ConcurrentDictionary<string, (string Id, string Token)> _sessions = new();
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly ConcurrentDictionary<string, int> _refusals = new();
    private int _answered;
    private int _sessionNumber;

    public int Answered => _answered;

    public IReadOnlyCollection<Operation> History => _history;

    /// <summary>Why operations were not executed, and how often.</summary>
    public string Refusals => string.Join(", ", _refusals.Select(r => $"{r.Value} x {r.Key}"));

    public Task RunAsync(CancellationToken stop) => Task.WhenAll(
        [.. Enumerable.Range(0, 2).Select(n => RedisAsync(n, writes: true, stop)), .. Enumerable.Range(2, 2).Select(n => RedisAsync(n, writes: false, stop)),
            .. Enumerable.Range(4, 2).Select(n => HttpAsync(n, writes: true, stop)), .. Enumerable.Range(6, 2).Select(n => HttpAsync(n, writes: false, stop))]);

    /// <summary>Reads every register once more, so that a lost acknowledged write cannot hide behind the last read.</summary>
    public async Task ReadEverythingAsync()
    {
        using var redis = await RespConnection.ConnectAsync(cluster.Nodes[0].Redis, cluster.AdminKey, default);
        foreach (var key in _history.Select(o => o.Register).Where(r => !r.StartsWith('s')).Distinct().ToArray())
        {
            var begin = Now;
            Add(new Operation(99, key, OperationKind.Read, await redis.CallAsync(default, "GET", key), begin, Now));
        }
        foreach (var node in cluster.Nodes)
            foreach (var name in _sessions.Keys) await ValidateAsync(99, node, name);
    }

    /// <summary>The time of the history.</summary>
    public long Now => _clock.ElapsedTicks;

    private async Task RedisAsync(int client, bool writes, CancellationToken stop)
    {
        var random = new Random(client);
        RespConnection? connection = null;
        for (var n = 0; !stop.IsCancellationRequested; n++)
        {
            // Keys change with time, so that no register's history grows too long to be decided.
            var counts = random.Next(4) == 0;
            var key = $"{(counts ? "count" : "key")}:{_clock.ElapsedMilliseconds / 1500}:{random.Next(counts ? 2 : 8)}";
            var kind = !writes ? OperationKind.Read : counts ? OperationKind.Increment : OperationKind.Write;
            var value = kind == OperationKind.Write ? $"{client}.{n}" : null;
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(8));
            var begin = Now;
            try
            {
                connection ??= await RespConnection.ConnectAsync(Any(random).Redis, cluster.AdminKey, limit.Token);
                begin = Now;
                string[] command = kind switch { OperationKind.Write => ["SET", key, value!], OperationKind.Increment => ["INCR", key], _ => ["GET", key] };
                var answer = await connection.CallAsync(limit.Token, command);
                Add(new Operation(client, key, kind, kind == OperationKind.Write ? value : answer, begin, Now));
            }
            catch (RespException e)
            {
                Refused(e.Message);
                if (!e.Message.StartsWith("TRYAGAIN", StringComparison.Ordinal) && kind != OperationKind.Read) Add(new Operation(client, key, kind, value, begin, Operation.Never));
            }
            catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or OperationCanceledException)
            {
                if (connection is not null && kind != OperationKind.Read) Add(new Operation(client, key, kind, value, begin, Operation.Never));
                connection?.Dispose();
                connection = null;
                await Task.Delay(50, CancellationToken.None);
            }
            if (random.Next(50) == 0)
            {
                connection?.Dispose();
                connection = null;
            }
            await Task.Delay(random.Next(1, pauseMs), CancellationToken.None);
        }
        connection?.Dispose();
    }

    private async Task HttpAsync(int client, bool writes, CancellationToken stop)
    {
        var random = new Random(client);
        var mine = new List<string>();
        while (!stop.IsCancellationRequested)
        {
            try
            {
                if (!writes)
                {
                    var names = _sessions.Keys.ToArray();
                    if (names.Length > 0) await ValidateAsync(client, Any(random), names[^Math.Min(names.Length, 1 + random.Next(40))]);
                }
                else if (mine.Count < 12 || random.Next(2) == 0)
                {
                    if (await CreateAsync(client, Any(random)) is { } name) mine.Add(name);
                    if (mine.Count > 20) mine.RemoveAt(0);
                }
                else
                {
                    var name = mine[random.Next(mine.Count)];
                    await RevokeAsync(client, Any(random), name);
                }
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException or IOException)
            {
                await Task.Delay(50, CancellationToken.None);
            }
            await Task.Delay(random.Next(1, pauseMs), CancellationToken.None);
        }
    }

    private async Task<string?> CreateAsync(int client, LocalNode node)
    {
        var n = Interlocked.Increment(ref _sessionNumber);
        var begin = Now;
        using var answer = await cluster.SendAsync(node, HttpMethod.Post, "/sessions", new { user_id = $"user-{client}-{n / 10}", ttl_seconds = 3600 });
        var end = Now;
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStreamAsync());
        if (answer.StatusCode != HttpStatusCode.Created)
        {
            Refused(json.RootElement.GetProperty("code").GetString()!);
            return null;
        }
        var data = json.RootElement.GetProperty("data");
        var name = $"s{n}";
        _sessions[name] = (data.GetProperty("session_id").GetString()!, data.GetProperty("token").GetString()!);
        Add(new Operation(client, name, OperationKind.Write, "live", begin, end));
        return name;
    }

    private async Task RevokeAsync(int client, LocalNode node, string name)
    {
        var begin = Now;
        try
        {
            using var answer = await cluster.SendAsync(node, HttpMethod.Post, $"/sessions/{_sessions[name].Id}/revoke", new { });
            var end = Now;
            if (answer.StatusCode == HttpStatusCode.OK) Add(new Operation(client, name, OperationKind.Write, "dead", begin, end));
            else if (answer.StatusCode != HttpStatusCode.ServiceUnavailable && answer.StatusCode != HttpStatusCode.TooManyRequests)
                Add(new Operation(client, name, OperationKind.Write, "dead", begin, Operation.Never));
            if (answer.StatusCode != HttpStatusCode.OK) Refused(answer.StatusCode.ToString());
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            Add(new Operation(client, name, OperationKind.Write, "dead", begin, Operation.Never));
            throw;
        }
    }

    private async Task ValidateAsync(int client, LocalNode node, string name)
    {
        var begin = Now;
        using var answer = await cluster.SendAsync(node, HttpMethod.Post, "/tokens/validate", new { token = _sessions[name].Token });
        var end = Now;
        var code = answer.Headers.TryGetValues("X-Error-Code", out var values) ? values.First() : "OK";
        if (code is "OK" or "TM-TOKN-4012" or "TM-TOKN-4010") Add(new Operation(client, name, OperationKind.Read, code == "OK" ? "live" : "dead", begin, end));
        else Refused(code);
    }

    private LocalNode Any(Random random) => cluster.Nodes[random.Next(cluster.Nodes.Count)];

    private void Refused(string why) => _refusals.AddOrUpdate(why[..Math.Min(40, why.Length)], 1, static (_, n) => n + 1);

    private void Add(Operation operation)
    {
        if (operation.Returned != Operation.Never) Interlocked.Increment(ref _answered);
        _history.Enqueue(operation);
    }
}
