using TokMesh.Cluster.Meta;
using TokMesh.Redis.FrontEnd;
using TokMesh.TestKit.Disks;

namespace TokMesh.Redis.Tests;

/// <summary>The three ways a command ends are told apart.</summary>
public sealed class FailureTests
{
    private const string Session = "tmss-01kcnxr35v2t8htzb9y878q677";

    [Fact]
    public async Task Without_a_leader_every_command_fails_for_certain_within_its_time()
    {
        var host = new RedisHost(new RedisFrontEndOptions { CommandTimeoutMs = 200 }, alone: true);
        await host.InitializeAsync();
        using (var client = await host.ConnectAsync(ApiRole.Admin))
        {
            foreach (var words in new string[][]
            {
                ["SET", "k", "v"], ["GET", "k"], ["INCR", "k"], ["MSET", "a", "1", "b", "2", "c", "3"], ["MGET", "a", "b", "c"], ["DEL", "a", "b", "c"],
                ["GET", Session], ["DEL", Session], ["EXPIRE", Session, "10"], ["DEL", Session, "a"], ["TM.REVOKE_USER", "u"], ["DBSIZE"], ["SCAN", "0"],
                ["TM.VALIDATE", "token"], ["SET", Session, "{}"],
            })
            {
                Assert.StartsWith("-TRYAGAIN TM-CLST-5030 ", client.Call(words), StringComparison.Ordinal);
            }
            Assert.StartsWith("$", client.Call("INFO"), StringComparison.Ordinal);
            Assert.Equal("+PONG\r\n", client.Call("PING"));
        }
        await host.DisposeAsync();
    }

    [Fact]
    public async Task A_write_that_may_still_happen_has_an_unknown_outcome()
    {
        using var blocked = new ManualResetEventSlim(true);
        var disk = new VirtualDisk { Fault = _ => { blocked.Wait(); return null; } };
        var host = new RedisHost(new RedisFrontEndOptions { CommandTimeoutMs = 300 }, disk: disk);
        await host.InitializeAsync();
        using (var client = await host.ConnectAsync(ApiRole.Admin))
        {
            Assert.Equal("+OK\r\n", client.Call("SET", "k", "1"));
            blocked.Reset();
            const string unknown = "-ERR TM-CLST-5040 outcome unknown: it may have happened, in whole or in part; read before you repeat it\r\n";
            Assert.Equal(unknown, client.Call("SET", "k", "2"));
            Assert.Equal(unknown, client.Call("MSET", "a", "1", "b", "2", "c", "3"));
            Assert.Equal(unknown, client.Call("DEL", Session));
            Assert.Equal("+PONG\r\n", client.Call("PING"));
            blocked.Set();
            for (var i = 0; i < 100 && client.Call("GET", "k") != "$1\r\n2\r\n"; i++) await Task.Delay(50);
            Assert.Equal("$1\r\n2\r\n", client.Call("GET", "k"));
        }
        await host.DisposeAsync();
    }

    [Fact]
    public async Task A_node_that_has_not_caught_up_judges_nobody()
    {
        const string starting = "-LOADING TM-SYS-5030 this node has not caught up with the cluster yet; try again\r\n";
        var host = new RedisHost(new RedisFrontEndOptions { FailedLoginsPerMinute = 1 }, alone: true);
        await host.InitializeAsync();
        using (var client = await host.ConnectAsync(ApiRole.Admin))
        {
            host.ForgetMeta();
            var (id, secret) = host.KeyOf(ApiRole.Issuer);
            for (var i = 0; i < 3; i++) Assert.Equal(starting, client.Call("AUTH", id, secret));
            Assert.Equal(starting, client.Call("GET", "k"));
            Assert.Equal(starting, client.Call("HELLO", "3", "AUTH", id, secret));
        }
        await host.DisposeAsync();
    }

    [Fact]
    public async Task A_stopping_server_ends_idle_connections()
    {
        var host = new RedisHost();
        await host.InitializeAsync();
        using var client = await host.ConnectAsync(ApiRole.Issuer);
        Assert.Equal("+PONG\r\n", client.Call("PING"));
        Assert.Equal(1, host.FrontEnd.ConnectedClients);
        await host.DisposeAsync();
        // An end, not the reset that would come if the server had lost its patience with the connection.
        Assert.Equal("", client.Read());
        Assert.Equal(0, host.FrontEnd.ConnectedClients);
    }

    [Fact]
    public async Task A_connection_that_comes_while_the_node_starts_waits_instead_of_hearing_an_error()
    {
        var ready = false;
        var starting = new RedisHost(new RedisFrontEndOptions(), isReady: () => Volatile.Read(ref ready));
        await starting.InitializeAsync();
        using (var client = await starting.ConnectAsync())
        {
            var (id, secret) = starting.KeyOf(ApiRole.Issuer);
            var login = client.CallAsync("AUTH", id, secret);
            for (var until = DateTime.UtcNow.AddSeconds(20); starting.FrontEnd.Connections.Open == 0 && DateTime.UtcNow < until;) await Task.Delay(5);
            Assert.Equal(1, starting.FrontEnd.Connections.Open);
            Assert.False(login.IsCompleted);
            Assert.Equal(0, starting.FrontEnd.TotalConnections);
            Volatile.Write(ref ready, true);
            Assert.Equal("+OK\r\n", await login);
            Assert.Equal("+PONG\r\n", client.Call("PING"));
        }
        await starting.DisposeAsync();
    }
}
