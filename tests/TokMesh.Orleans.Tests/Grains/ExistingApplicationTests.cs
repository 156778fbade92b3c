using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Core.Internal;
using TokMesh.Client;
using TokMesh.Client.Orleans;
using TokMesh.Gateway;
using TokMesh.Orleans.Storage;
using TokMesh.Orleans.Tests.Harness;
using TokMesh.Redis;
using TokMesh.Redis.FrontEnd;
using TokMesh.TestKit;
using ConnectionLimit = TokMesh.Cluster.Limits.ConnectionLimit;

namespace TokMesh.Orleans.Tests.Grains;

public interface ICartGrain : IGrainWithStringKey
{
    Task<bool> Add(string token, string article);

    Task<IReadOnlyList<string>> Articles();
}

[GenerateSerializer]
public sealed class Cart
{
    [Id(0)]
    public List<string> Articles { get; set; } = [];
}

/// <summary>The grain that docs/orleans.md shows.</summary>
public sealed class CartGrain([PersistentState("cart", "TokMesh")] IPersistentState<Cart> cart, ITokMeshClient tokmesh) : Grain, ICartGrain
{
    public async Task<bool> Add(string token, string article)
    {
        if (!(await tokmesh.Sessions.ValidateAsync(token)).IsValid) return false;
        cart.State.Articles.Add(article);
        await cart.WriteStateAsync();
        return true;
    }

    public Task<IReadOnlyList<string>> Articles() => Task.FromResult<IReadOnlyList<string>>(cart.State.Articles);
}

/// <summary>An Orleans application adds TokMesh to its silos with the lines of docs/orleans.md, and uses it from its grains.</summary>
public sealed class ExistingApplicationTests : IAsyncLifetime
{
    private SiloCluster _cluster = null!;

    public async Task InitializeAsync()
    {
        _cluster = new SiloCluster(3, static (silo, place, _) =>
        {
            silo.AddTokMesh(o =>
            {
                place(o);
            });
            silo.UseTokMeshClustering();
            silo.AddTokMeshGrainStorage("TokMesh");
            silo.Services.AddTokMeshOrleansClient();
        });
        await _cluster.StartAsync(static client => client.Services.AddTokMeshOrleansClient());
    }

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task Its_grains_validate_tokens_and_keep_their_state_in_the_store()
    {
        var tokmesh = _cluster.Client.ServiceProvider.GetRequiredService<ITokMeshClient>();
        var session = await tokmesh.Sessions.CreateAsync(new NewSession { UserId = "alice", Ttl = TimeSpan.FromMinutes(10) });
        var cart = _cluster.Client.GetGrain<ICartGrain>("alice");
        Assert.True(await cart.Add(session.Token, "shoes"));
        await tokmesh.Sessions.RevokeUserAsync("alice");
        Assert.False(await cart.Add(session.Token, "hat"));
        // Another activation reads what this one stored.
        await cart.AsReference<IGrainManagementExtension>().DeactivateOnIdle();
        Assert.Equal(["shoes"], await cart.Articles());
    }

    [Fact]
    public async Task Its_server_has_the_front_ends_beside_its_own_routes()
    {
        var data = Directory.CreateTempSubdirectory("tokmesh-front-ends-").FullName;
        var (http, redis) = (new IPEndPoint(IPAddress.Loopback, SiloCluster.FreePort()), new IPEndPoint(IPAddress.Loopback, SiloCluster.FreePort()));
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.UseOrleans(silo =>
        {
            silo.Configure<ClusterOptions>(static o => (o.ClusterId, o.ServiceId) = ("front-ends", "front-ends"));
            silo.Configure<EndpointOptions>(static o => (o.AdvertisedIPAddress, o.SiloPort, o.GatewayPort) = (IPAddress.Loopback, SiloCluster.FreePort(), SiloCluster.FreePort()));
            silo.UseTokMeshClustering();
            silo.AddTokMesh(o => (o.DataDirectory, o.ExpectNodes, o.ShardCount) = (data, 1, 8));
        });
        builder.Services.AddTokMeshGateway();
        builder.Services.AddTokMeshRedis();
        builder.Services.AddSingleton(new ConnectionLimit(RedisFrontEnd.Listener, most: 1, mostPerAddress: 1));
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(http);
            kestrel.Listen(redis, listen => listen.UseTokMeshRedis());
        });
        var app = builder.Build();
        app.MapTokMesh();
        app.MapGet("/mine", () => "mine");
        app.MapGet("/pages", () => "pages").RequireTokMeshAdmin();
        await app.StartAsync();
        try
        {
            using var client = new HttpClient { BaseAddress = new Uri($"http://{http}") };
            Assert.Equal("mine", await client.GetStringAsync("/mine"));
            await ThreeSilos.UntilAsync("the node is ready", async () => (await client.GetAsync("/ready")).IsSuccessStatusCode && File.Exists(Path.Combine(data, "admin.key")));
            var key = (await File.ReadAllTextAsync(Path.Combine(data, "admin.key"))).Trim();
            client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", $"Bearer {key}");
            await ThreeSilos.UntilAsync("the key works", async () => (await client.GetAsync("/cluster/status")).IsSuccessStatusCode);
            Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/nobodys")).StatusCode);
            Assert.Equal("pages", await client.GetStringAsync("/pages"));
            Assert.Contains("tokmesh_connections_max{listener=\"redis\"} 1", await client.GetStringAsync("/metrics"), StringComparison.Ordinal);
            // Its own endpoints are not TokMesh's to describe.
            Assert.DoesNotContain("/mine", await client.GetStringAsync("/openapi/tokmesh.json"), StringComparison.Ordinal);
            var authorization = client.DefaultRequestHeaders.Authorization;
            client.DefaultRequestHeaders.Remove("Authorization");
            Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/pages")).StatusCode);

            using var socket = new TcpClient();
            await socket.ConnectAsync(redis);
            using var reader = new StreamReader(socket.GetStream());
            foreach (var (command, reply) in ((string, string)[])[($"AUTH {key.Replace(':', ' ')}", "+OK"), ("SET greeting hello", "+OK"), ("GET greeting", "$5")])
            {
                await socket.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes(command + "\r\n"));
                Assert.Equal(reply, await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20)));
            }
            // The same metrics as a server's: of the node, of both front ends.
            client.DefaultRequestHeaders.Authorization = authorization;
            var metrics = await client.GetStringAsync("/metrics");
            foreach (var line in (string[])["tokmesh_raft_groups_led{} 9", "tokmesh_redis_commands_total{} 3", "tokmesh_auth_cache_misses_total{} ", "tokmesh_session_create_total{} 0", "tokmesh_wal_flushes_total{} "])
                Assert.Contains(line, metrics, StringComparison.Ordinal);
            using var second = new TcpClient();
            await second.ConnectAsync(redis);
            using var refused = new StreamReader(second.GetStream());
            Assert.Equal("-ERR max number of clients reached", await refused.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20)));
        }
        finally
        {
            await app.StopAsync();
            await app.DisposeAsync();
            Directory.Delete(data, recursive: true);
        }
    }

    [Fact]
    public void The_documentation_shows_the_grain_that_is_tested()
    {
        var shown = File.ReadAllText(Path.Combine(SourceTree.Root, "docs/orleans.md"));
        var source = File.ReadAllText(Path.Combine(SourceTree.Root, "tests/TokMesh.Orleans.Tests/Grains/ExistingApplicationTests.cs"));
        foreach (var block in shown.Split("```csharp\n").Skip(1).Select(b => b[..b.IndexOf("```", StringComparison.Ordinal)]))
        {
            foreach (var line in block.Split('\n').Select(l => l.Trim()))
            {
                // A directory, a name and a storage are the reader's own.
                if (line.StartsWith("o.", StringComparison.Ordinal) || line.Contains("AddAdoNetGrainStorage", StringComparison.Ordinal)) continue;
                Assert.Contains(line, source, StringComparison.Ordinal);
            }
        }
    }
}
