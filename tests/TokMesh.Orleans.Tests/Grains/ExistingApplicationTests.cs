using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;
using Orleans.Core.Internal;
using Orleans.Runtime;
using TokMesh.Client;
using TokMesh.Client.Orleans;
using TokMesh.Orleans.Storage;
using TokMesh.Orleans.Tests.Harness;

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
    public void The_documentation_shows_the_grain_that_is_tested()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root.FullName, "TokMesh.sln"))) root = root.Parent!;
        var shown = File.ReadAllText(Path.Combine(root.FullName, "docs/orleans.md"));
        var source = File.ReadAllText(Path.Combine(root.FullName, "tests/TokMesh.Orleans.Tests/Grains/ExistingApplicationTests.cs"));
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
