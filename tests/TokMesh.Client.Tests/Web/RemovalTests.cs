using System.Xml.Linq;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Options;
using TokMesh.Client.AspNetCore;
using TokMesh.Client.Tests.Harness;
using TokMesh.TestKit.Http;

namespace TokMesh.Client.Tests.Web;

/// <summary>What is removed while the cache or Data Protection is about to write it stays removed: both write by version alone.</summary>
[Collection(GatewayCollection.Name)]
public sealed class RemovalTests(SharedGateway shared) : IDisposable
{
    private readonly HttpTokMeshClient _client = Clients.Of(shared.Gateway);
    private readonly Interleavings _orders = new();

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task A_cached_value_that_is_removed_while_it_is_read_stays_removed()
    {
        var later = new LaterTime(TimeSpan.FromSeconds(40));
        await _orders.RunAsync(async () =>
        {
            var key = Guid.NewGuid().ToString("N");
            await CacheOver(_client, TimeProvider.System).SetAsync(key, [7], new DistributedCacheEntryOptions { SlidingExpiration = TimeSpan.FromSeconds(60) });
            // Late enough that the access writes the value again, to give it its new life.
            await _orders.RaceAsync(_client, client => CacheOver(client, later).GetAsync(key), client => CacheOver(client, later).RemoveAsync(key));
            Assert.Null(await CacheOver(_client, later).GetAsync(key));
        });
        Assert.Equal(3, _orders.Count);
    }

    [Fact]
    public async Task A_cached_value_that_is_replaced_while_it_is_read_stays_replaced()
    {
        var later = new LaterTime(TimeSpan.FromSeconds(40));
        await _orders.RunAsync(async () =>
        {
            var key = Guid.NewGuid().ToString("N");
            var options = new DistributedCacheEntryOptions { SlidingExpiration = TimeSpan.FromSeconds(60) };
            await CacheOver(_client, TimeProvider.System).SetAsync(key, [1], options);
            await _orders.RaceAsync(_client, client => CacheOver(client, later).GetAsync(key), client => CacheOver(client, later).SetAsync(key, [2], options));
            Assert.Equal([2], await CacheOver(_client, later).GetAsync(key));
        });
        Assert.Equal(3, _orders.Count);
    }

    [Fact]
    public async Task Data_protection_keys_that_are_deleted_while_another_is_added_do_not_come_back()
    {
        var outcomes = new HashSet<string>();
        await _orders.RunAsync(async () =>
        {
            var name = "dp/" + Guid.NewGuid().ToString("N");
            new TokMeshXmlRepository(_client, name).StoreElement(new XElement("key", "old"), "old");
            await _orders.RaceAsync(_client, client => Task.Run(() => new TokMeshXmlRepository(client, name).StoreElement(new XElement("key", "new"), "new")),
                client => client.Keys.DeleteAsync(name));
            outcomes.Add(string.Join(',', new TokMeshXmlRepository(_client, name).GetAllElements().Select(e => e.Value)));
        });
        // Deleted before or while it was added: the new one alone. Deleted after that: none.
        Assert.Equal(["", "new"], outcomes.Order());
    }

    private static TokMeshDistributedCache CacheOver(ITokMeshClient client, TimeProvider time) => new(client, Options.Create(new TokMeshDistributedCacheOptions()), time);

    private sealed class LaterTime(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + by;
    }
}
