using TokMesh.Cluster.Meta;
using TokMesh.State.Ids;

namespace TokMesh.Redis.Tests;

public sealed class PipelineTests(RedisHost host) : IClassFixture<RedisHost>
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Ten_thousand_pipelined_commands_answer_as_if_one_came_after_the_other(int seed)
    {
        var random = new Random(seed);
        var model = new Dictionary<string, long>();
        var expected = new List<string>();
        var bytes = new MemoryStream();
        for (var i = 0; i < 10_000; i++)
        {
            var key = $"pipe{seed}:{random.Next(20)}";
            switch (random.Next(8))
            {
                case 0:
                    var value = random.Next(100);
                    model[key] = value;
                    Add("+OK\r\n", "SET", key, value.ToString());
                    break;
                case 1 or 2:
                    model[key] = model.GetValueOrDefault(key) + 1;
                    Add($":{model[key]}\r\n", "INCR", key);
                    break;
                case 3:
                    Add($":{(model.Remove(key) ? 1 : 0)}\r\n", "DEL", key);
                    break;
                case 4:
                    Add("+PONG\r\n", "PING");
                    break;
                case 5:
                    var other = $"pipe{seed}:{random.Next(20)}";
                    Add("*2\r\n" + Bulk(key) + Bulk(other), "MGET", key, other);
                    break;
                case 6:
                    var third = $"pipe{seed}:{random.Next(20)}";
                    model[key] = 7;
                    model[third] = 8;
                    Add("+OK\r\n", "MSET", key, "7", third, "8");
                    break;
                default:
                    Add(Bulk(key), "GET", key);
                    break;
            }
        }
        using var client = await host.ConnectAsync(ApiRole.Issuer);
        var sending = Task.Run(() => client.Send(bytes.ToArray()));
        for (var i = 0; i < expected.Count; i++) Assert.Equal((i, expected[i]), (i, client.Read()));
        await sending;

        void Add(string reply, params string[] words)
        {
            expected.Add(reply);
            bytes.Write(RespClient.Encode(words));
        }

        string Bulk(string key) => model.TryGetValue(key, out var v) ? $"${v.ToString().Length}\r\n{v}\r\n" : "$-1\r\n";
    }

    [Fact]
    public async Task A_command_that_runs_alone_keeps_its_place_in_a_pipeline()
    {
        using var client = await host.ConnectAsync(ApiRole.Admin);
        var id = NewId();
        foreach (var words in new string[][]
        {
            ["SET", "lone", "1"], ["TM.CREATE", id, """{"user_id":"lone"}"""], ["EXISTS", id, "lone"], ["HELLO", "3"], ["GET", "lone:none"],
            ["DEL", id, "lone"], ["EXISTS", id, "lone"], ["GET", "lone"], ["HELLO", "2"], ["GET", "lone"],
        }) client.Send(words);
        Assert.Equal("+OK\r\n", client.Read());
        Assert.StartsWith("$", client.Read(), StringComparison.Ordinal);
        Assert.Equal(":2\r\n", client.Read());
        Assert.StartsWith("%7\r\n", client.Read(), StringComparison.Ordinal);
        Assert.Equal("_\r\n", client.Read());
        Assert.Equal(":2\r\n", client.Read());
        Assert.Equal(":0\r\n", client.Read());
        Assert.Equal("_\r\n", client.Read());
        Assert.StartsWith("*14\r\n", client.Read(), StringComparison.Ordinal);
        Assert.Equal("$-1\r\n", client.Read());
    }

    [Fact]
    public async Task A_value_of_16_MiB_is_stored_and_a_larger_one_refused()
    {
        using var client = await host.ConnectAsync(ApiRole.Issuer);
        var value = new string('v', 16 * 1024 * 1024);
        Assert.Equal("+OK\r\n", client.Call("SET", "big", value));
        Assert.Equal($"${value.Length}\r\n{value}\r\n", client.Call("GET", "big"));
        Assert.Equal("-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n", client.Call("APPEND", "big", "x"));
        Assert.Equal(":1\r\n", client.Call("DEL", "big"));
        client.Send("*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$16777217\r\n"u8);
        Assert.Equal("-ERR Protocol error: invalid bulk length\r\n", client.Read());
        Assert.Equal("", client.Read());
    }

    [Fact]
    public async Task Large_replies_make_smaller_stages_and_arrive_whole()
    {
        using var client = await host.ConnectAsync(ApiRole.Issuer);
        var value = new string('x', 1 << 20);
        Assert.Equal("+OK\r\n", client.Call("SET", "large", value));
        var gets = new MemoryStream();
        for (var i = 0; i < 100; i++) gets.Write(RespClient.Encode("GET", "large"));
        client.Send(gets.ToArray());
        for (var i = 0; i < 100; i++) Assert.Equal(value.Length + 12, client.Read().Length);
    }

    [Fact]
    public async Task A_key_above_64_KiB_is_refused()
    {
        using var client = await host.ConnectAsync(ApiRole.Issuer);
        Assert.Equal("+OK\r\n", client.Call("SET", new string('k', 65_536), "v"));
        Assert.StartsWith("-ERR TM-ARG-1001 key: 65537 bytes", client.Call("SET", new string('k', 65_537), "v"), StringComparison.Ordinal);
        Assert.StartsWith("-ERR TM-ARG-1001 key: 65537 bytes", client.Call("DEL", "a", new string('k', 65_537)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_clients_count_together_without_losing_one()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(n => Task.Run(async () =>
        {
            using var client = await host.ConnectAsync(ApiRole.Issuer);
            for (var i = 0; i < 100; i++) client.Send("INCR", "together");
            for (var i = 0; i < 100; i++) client.Read();
        })));
        using var reader = await host.ConnectAsync(ApiRole.Issuer);
        Assert.Equal("$3\r\n800\r\n", reader.Call("GET", "together"));
    }

    [Fact]
    public async Task Scan_finds_every_key_and_session_once_it_has_gone_round()
    {
        using var client = await host.ConnectAsync(ApiRole.Admin);
        var names = Enumerable.Range(0, 300).Select(i => $"scan:{i}").ToHashSet();
        foreach (var name in names) Assert.Equal("+OK\r\n", client.Call("SET", name, "v"));
        var id = NewId();
        client.Call("TM.CREATE", id, """{"user_id":"scan"}""");
        var found = new HashSet<string>();
        var cursor = "0";
        do
        {
            var lines = client.Call("SCAN", cursor, "COUNT", "7").Split("\r\n");
            cursor = lines[2];
            for (var i = 5; i < lines.Length; i += 2) found.Add(lines[i]);
        }
        while (cursor != "0");
        Assert.Superset(names, found);
        Assert.Contains(id, found);
        var size = long.Parse(client.Call("DBSIZE")[1..^2]);
        Assert.Equal(found.Count, size);
    }

    private static string NewId() => new SessionId(Ulid.Of(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), Guid.NewGuid().ToByteArray().AsSpan(0, 10))).ToString();
}
