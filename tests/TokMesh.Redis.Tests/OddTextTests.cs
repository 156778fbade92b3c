using System.Text;
using TokMesh.Cluster.Meta;
using TokMesh.Redis.Commands;

namespace TokMesh.Redis.Tests;

/// <summary>Half surrogate pairs, bytes that are no UTF-8, and NUL, in every argument of the commands on sessions; plain keys are bytes.</summary>
public sealed class OddTextTests(RedisHost host) : IClassFixture<RedisHost>
{
    private const string Id = "tmss-01kcnxr35v2t8htzb9y878q677";

    // Latin-1: each character is a byte.
    private static readonly string[] NoUtf8 = ["\xff", "\xed\xa0\x80", "a\xc3", "\xc0\xaf"];
    private static readonly string[] NoText = [.. NoUtf8, @"\ud800", @"\udc00\ud800", @"\ud800\u0041"];

    [Theory]
    [InlineData("user_id", """{"user_id":"#"}""")]
    [InlineData("device_id", """{"user_id":"u","device_id":"#"}""")]
    [InlineData("token", """{"user_id":"u","token":"#"}""")]
    [InlineData("data", """{"user_id":"u","data":{"a":"#"}}""")]
    [InlineData("data", """{"user_id":"u","data":{"#":"a"}}""")]
    [InlineData("the name of a member", """{"#":1,"user_id":"u"}""")]
    public async Task Json_that_is_no_text_is_refused_with_the_field(string field, string json)
    {
        using var client = await host.ConnectAsync(ApiRole.Issuer);
        foreach (var bad in NoText)
        {
            var body = json.Replace("#", bad, StringComparison.Ordinal);
            Assert.Equal($"-ERR TM-ARG-1001 {field}: not valid Unicode text\r\n", client.Call("SET", Id, body));
            Assert.Equal($"-ERR TM-ARG-1001 {field}: not valid Unicode text\r\n", client.Call("TM.CREATE", Id, body));
        }
    }

    [Theory]
    [InlineData("user_id", """{"user_id":"a\u0000"}""")]
    [InlineData("device_id", """{"user_id":"u","device_id":"\u0000"}""")]
    [InlineData("data key", """{"user_id":"u","data":{"a\u0000":"b"}}""")]
    [InlineData("data['a']", """{"user_id":"u","data":{"a":"b\u0000"}}""")]
    public async Task Nul_in_text_that_is_kept_is_refused_with_the_field(string field, string json)
    {
        using var client = await host.ConnectAsync(ApiRole.Issuer);
        Assert.Equal($"-ERR TM-ARG-1001 {field}: holds a NUL character, which is not allowed\r\n", client.Call("TM.CREATE", Id, json));
        Assert.Equal($"-ERR TM-ARG-1001 {field}: holds a NUL character, which is not allowed\r\n", client.Call("SET", Id, json));
    }

    [Fact]
    public async Task A_bad_user_never_ends_the_sessions_of_the_replacement_character()
    {
        using var client = await host.ConnectAsync(ApiRole.Issuer);
        var created = client.Call("TM.CREATE", "tmss-01kcnxr35v2t8htzb9y878q678", """{"user_id":"\ufffd"}""");
        var token = created[created.IndexOf("tmtk_", StringComparison.Ordinal)..][..48];
        foreach (var bad in NoUtf8)
            Assert.Equal("-ERR TM-ARG-1001 user_id: not valid Unicode text\r\n", client.Call("TM.REVOKE_USER", bad));
        Assert.Equal("-ERR TM-ARG-1001 user_id: holds a NUL character, which is not allowed\r\n", client.Call("TM.REVOKE_USER", "a\0"));
        Assert.StartsWith("-ERR TM-ARG-1002", client.Call("TM.REVOKE_USER", ""), StringComparison.Ordinal);
        Assert.Equal("+OK\r\n", client.Call("TM.VALIDATE", token));
        Assert.Equal(":1\r\n", client.Call("TM.REVOKE_USER", "\xef\xbf\xbd"));
    }

    [Fact]
    public async Task What_is_no_text_is_no_id_and_no_token()
    {
        using var client = await host.ConnectAsync(ApiRole.Issuer);
        foreach (var bad in NoUtf8.Append("\0"))
        {
            Assert.Equal("-ERR TM-TOKN-4000 Token malformed\r\n", client.Call("TM.VALIDATE", bad));
            foreach (var words in new string[][] { ["TM.TOUCH", "tmss-" + bad], ["GET", "tmss-" + bad], ["DEL", "tmss-" + bad], ["DEL", "a", "tmss-" + bad], ["TM.CREATE", "tmss-" + bad, "{}"] })
                Assert.StartsWith("-ERR TM-ARG-1001 the key begins with tmss-", client.Call(words), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Credentials_that_are_no_text_are_nobodys()
    {
        using var client = await host.ConnectAsync();
        foreach (var bad in NoUtf8.Append("\0"))
        {
            Assert.StartsWith("-WRONGPASS", client.Call("AUTH", "tmak-x:" + bad), StringComparison.Ordinal);
            Assert.StartsWith("-WRONGPASS", client.Call("AUTH", bad, host.KeyOf(ApiRole.Issuer).Secret), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Every_command_answers_odd_bytes_and_the_connection_lives()
    {
        using var client = await host.ConnectAsync(ApiRole.Admin);
        foreach (var command in CommandTable.All.Where(c => c.Id is not (Command.Quit or Command.Reset or Command.Auth)))
        {
            foreach (var bad in NoUtf8.Append("\0"))
            {
                for (var count = 1; count <= 4; count++)
                {
                    var reply = client.Call([command.Name, .. Enumerable.Repeat(bad, count)]);
                    Assert.NotEqual("", reply);
                    Assert.DoesNotContain("TM-SYS-5000", reply, StringComparison.Ordinal);
                }
            }
        }
        Assert.Equal("+PONG\r\n", client.Call("PING"));
    }

    [Fact]
    public async Task Names_and_values_of_plain_keys_are_bytes()
    {
        using var client = await host.ConnectAsync(ApiRole.Issuer);
        var all = Encoding.Latin1.GetString([.. Enumerable.Range(0, 256).Select(n => (byte)n)]);
        foreach (var name in NoUtf8.Append("a\0").Append(all))
        {
            Assert.Equal("+OK\r\n", client.Call("SET", name, all));
            Assert.Equal($"$256\r\n{all}\r\n", client.Call("GET", name));
        }
        Assert.Equal("$-1\r\n", client.Call("GET", "\xef\xbf\xbd"));
    }
}
