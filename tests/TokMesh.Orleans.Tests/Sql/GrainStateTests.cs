using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;

namespace TokMesh.Orleans.Tests.Sql;

/// <summary><c>persistence.sql</c>, through the storage provider of a real silo.</summary>
[Collection(PostgresCollection.Name)]
public sealed class GrainStateTests(OneSilo silo) : IClassFixture<OneSilo>
{
    private const string Type = "state";

    [SkippableFact]
    public async Task What_is_written_is_read_under_every_kind_of_key_and_under_no_other()
    {
        var storage = Storage(OneSilo.Keeping);
        var guid = Guid.Parse("00112233-4455-6677-8899-aabbccddeeff");
        GrainId[] grains = [Grain(IdSpan.Create("words and spaces")), Grain(IdSpan.Create("ключ")), Grain(GrainIdKeyExtensions.CreateIntegerKey(0)), Grain(GrainIdKeyExtensions.CreateIntegerKey(-7)),
            Grain(GrainIdKeyExtensions.CreateIntegerKey(0, "ext")), Grain(GrainIdKeyExtensions.CreateGuidKey(guid)), Grain(GrainIdKeyExtensions.CreateGuidKey(guid, "ext"))];
        foreach (var grain in grains) await storage.WriteStateAsync(Type, grain, State(grain.ToString()));
        foreach (var grain in grains)
        {
            var read = await ReadAsync(storage, grain);
            Assert.Equal((true, grain.ToString(), "1"), (read.RecordExists, read.State!.Value, read.ETag));
            Assert.False((await ReadAsync(storage, grain, "another state")).RecordExists);
        }
        Assert.False((await ReadAsync(storage, Grain(IdSpan.Create("never written")))).RecordExists);
    }

    [SkippableFact]
    public async Task A_write_needs_the_version_that_is_stored()
    {
        var (storage, grain) = (Storage(OneSilo.Keeping), Grain(IdSpan.Create("conflict")));
        var first = State("1");
        await storage.WriteStateAsync(Type, grain, first);
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync(Type, grain, State("never read")));
        var stale = await ReadAsync(storage, grain);
        first.State!.Value = "2";
        await storage.WriteStateAsync(Type, grain, first);
        Assert.Equal("2", first.ETag);
        stale.State!.Value = "lost";
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync(Type, grain, stale));
        Assert.Equal("2", (await ReadAsync(storage, grain)).State!.Value);
    }

    [SkippableFact]
    public async Task Of_first_writes_at_once_one_succeeds()
    {
        var storage = Storage(OneSilo.Keeping);
        for (var round = 0; round < 20; round++)
        {
            var grain = Grain(IdSpan.Create($"race{round}"));
            var results = await Task.WhenAll(Enumerable.Range(0, 5).Select(n => Task.Run(async () =>
            {
                try
                {
                    await storage.WriteStateAsync(Type, grain, State($"{n}"));
                    return $"{n}";
                }
                catch (InconsistentStateException)
                {
                    return null;
                }
            })));
            Assert.Equal(Assert.Single(results, r => r is not null), (await ReadAsync(storage, grain)).State!.Value);
        }
    }

    [SkippableFact]
    public async Task Clearing_needs_the_version_too_and_voids_those_given_out_before()
    {
        var (storage, grain) = (Storage(OneSilo.Keeping), Grain(IdSpan.Create("cleared")));
        var state = State("1");
        await storage.WriteStateAsync(Type, grain, state);
        var stale = await ReadAsync(storage, grain);
        await storage.WriteStateAsync(Type, grain, state);
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.ClearStateAsync(Type, grain, stale));
        await storage.ClearStateAsync(Type, grain, state);
        var read = await ReadAsync(storage, grain);
        Assert.Equal((false, "3"), (read.RecordExists, read.ETag));
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync(Type, grain, stale));
        read.State = new Text { Value = "again" };
        await storage.WriteStateAsync(Type, grain, read);
        Assert.Equal(("again", "4"), ((await ReadAsync(storage, grain)).State!.Value, read.ETag));
    }

    [SkippableFact]
    public async Task A_storage_that_deletes_what_is_cleared_leaves_no_row()
    {
        var (storage, grain) = (Storage(OneSilo.Deleting), Grain(IdSpan.Create("deleted")));
        var state = State("1");
        await storage.WriteStateAsync(Type, grain, state);
        await storage.ClearStateAsync(Type, grain, state);
        var read = await ReadAsync(storage, grain);
        Assert.Equal((false, null), (read.RecordExists, read.ETag));
        await storage.WriteStateAsync(Type, grain, read);
        Assert.Equal("1", read.ETag);
    }

    private IGrainStorage Storage(string name) => silo.Services.GetRequiredKeyedService<IGrainStorage>(name);

    private static GrainId Grain(IdSpan key) => GrainId.Create(GrainType.Create("test"), key);

    private static GrainState<Text> State(string text) => new(new Text { Value = text });

    private static async Task<GrainState<Text>> ReadAsync(IGrainStorage storage, GrainId grain, string type = Type)
    {
        var state = new GrainState<Text>(new Text());
        await storage.ReadStateAsync(type, grain, state);
        return state;
    }

    public sealed class Text
    {
        public string Value { get; set; } = "";
    }
}
