using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;
using TokMesh.Cluster;
using TokMesh.Cluster.Sessions;
using TokMesh.Orleans.Nodes;
using TokMesh.Orleans.Storage;

namespace TokMesh.Orleans.Tests;

/// <summary>Grain state through the provider.</summary>
[Collection(SiloCollection.Name)]
public sealed class StorageTests(OneSilo silo)
{
    private readonly IGrainStorage _storage = silo.Silo.GetRequiredKeyedService<IGrainStorage>(OneSilo.Provider);
    private readonly GrainId _grain = GrainId.Create("test", "{odd}/key % ü " + Guid.NewGuid().ToString("N"));

    [Theory]
    [InlineData(0)]
    [InlineData(900)]
    [InlineData(OneSilo.ChunkBytes)]
    [InlineData(5 * OneSilo.ChunkBytes)]
    [InlineData(300 * OneSilo.ChunkBytes)]
    public async Task A_state_comes_back_as_it_was_written(int size)
    {
        var written = State(new string('s', size));
        await _storage.WriteStateAsync("state", _grain, written);
        Assert.True(written.RecordExists);
        var read = await ReadAsync();
        Assert.Equal((written.State!.Text, written.ETag, true), (read.State!.Text, read.ETag, read.RecordExists));
    }

    [Fact]
    public async Task What_was_never_written_is_a_new_state_without_an_etag()
    {
        var read = await ReadAsync();
        Assert.Equal(("", null, false), (read.State!.Text, read.ETag, read.RecordExists));
    }

    [Theory]
    [InlineData(10, 10)]
    [InlineData(10, 3000)]
    [InlineData(3000, 10)]
    [InlineData(3000, 3000)]
    public async Task A_write_over_a_state_read_before_another_write_is_refused_with_both_etags(int first, int second)
    {
        var mine = State(new string('1', first));
        await _storage.WriteStateAsync("state", _grain, mine);
        var theirs = await ReadAsync();
        theirs.State!.Text = new string('2', first);
        await _storage.WriteStateAsync("state", _grain, theirs);

        var old = mine.ETag;
        mine.State!.Text = new string('3', second);
        var e = await Assert.ThrowsAsync<InconsistentStateException>(() => _storage.WriteStateAsync("state", _grain, mine));
        Assert.Equal((old, theirs.ETag!.TrimEnd('+')), (e.CurrentEtag, e.StoredEtag!.TrimEnd('+')));
        Assert.Equal(theirs.State!.Text, (await ReadAsync()).State!.Text);
        await Assert.ThrowsAsync<InconsistentStateException>(() => _storage.ClearStateAsync("state", _grain, mine));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(3000)]
    public async Task A_first_write_over_an_existing_state_is_refused(int size)
    {
        await _storage.WriteStateAsync("state", _grain, State("there"));
        await Assert.ThrowsAsync<InconsistentStateException>(() => _storage.WriteStateAsync("state", _grain, State(new string('x', size))));
        await Assert.ThrowsAsync<InconsistentStateException>(() => _storage.ClearStateAsync("state", _grain, State("")));
        var foreign = State("x");
        foreign.ETag = "of another provider";
        await Assert.ThrowsAsync<InconsistentStateException>(() => _storage.WriteStateAsync("state", _grain, foreign));
        Assert.Equal("there", (await ReadAsync()).State!.Text);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(3000)]
    public async Task A_cleared_state_leaves_nothing_and_can_be_written_again(int size)
    {
        var state = State(new string('c', size));
        await _storage.WriteStateAsync("state", _grain, state);
        await _storage.ClearStateAsync("state", _grain, state);
        Assert.Equal(("", null, false), (state.State!.Text, state.ETag, state.RecordExists));
        Assert.Empty(await KeysAsync());
        Assert.False((await ReadAsync()).RecordExists);
        await _storage.ClearStateAsync("state", _grain, state);
        state.State!.Text = "again";
        await _storage.WriteStateAsync("state", _grain, state);
        Assert.Equal("again", (await ReadAsync()).State!.Text);
    }

    [Fact]
    public async Task Only_the_present_pieces_of_a_large_state_are_kept()
    {
        var state = State("");
        foreach (var (size, chunks) in new[] { (3500, 4), (1500, 2), (6500, 7) })
        {
            state.State!.Text = new string('x', size);
            await _storage.WriteStateAsync("state", _grain, state);
            Assert.Equal(1 + chunks, (await KeysAsync()).Count);
        }
        state.State!.Text = "small";
        await _storage.WriteStateAsync("state", _grain, state);
        Assert.Equal([""], await KeysAsync());
        await _storage.WriteStateAsync("state", _grain, state);
        // Nothing more to look into: the next write is one entry.
        Assert.DoesNotContain('+', state.ETag!);
    }

    [Fact]
    public async Task States_of_a_grain_and_of_others_do_not_touch()
    {
        var other = GrainId.Create("test", "other" + Guid.NewGuid().ToString("N"));
        await _storage.WriteStateAsync("a", _grain, State("1"));
        await _storage.WriteStateAsync("b", _grain, State("2"));
        await _storage.WriteStateAsync("a", other, State("3"));
        Assert.Equal("1", (await ReadAsync("a")).State!.Text);
        Assert.Equal("2", (await ReadAsync("b")).State!.Text);
    }

    [Fact]
    public async Task Of_many_writers_each_write_is_seen_by_the_next()
    {
        await _storage.WriteStateAsync("state", _grain, State("0"));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async writer =>
        {
            for (var n = 0; n < 5;)
            {
                var state = await ReadAsync();
                var count = int.Parse(state.State!.Text.TrimStart(' '), System.Globalization.CultureInfo.InvariantCulture) + 1;
                // Some writes are large, some small.
                state.State!.Text = count.ToString(System.Globalization.CultureInfo.InvariantCulture).PadLeft(writer % 2 == 0 ? 4 : 2500);
                try
                {
                    await _storage.WriteStateAsync("state", _grain, state);
                    n++;
                }
                catch (InconsistentStateException)
                {
                    // Somebody else was first.
                }
            }
        }));
        Assert.Equal("40", (await ReadAsync()).State!.Text.TrimStart(' '));
    }

    [Fact]
    public async Task A_reader_never_meets_half_of_a_state()
    {
        var state = State(new string('0', 3000));
        await _storage.WriteStateAsync("state", _grain, state);
        var writing = Task.Run(async () =>
        {
            for (var n = 1; n <= 100; n++)
            {
                state.State!.Text = new string((char)('0' + (n % 10)), 2000 + (n % 4 * 1000));
                await _storage.WriteStateAsync("state", _grain, state);
            }
        });
        var reads = 0;
        while (!writing.IsCompleted || reads == 0)
        {
            var text = (await ReadAsync()).State!.Text;
            Assert.True(text.AsSpan().IndexOfAnyExcept(text[0]) < 0);
            reads++;
        }
        await writing;
    }

    [Fact]
    public async Task A_key_that_the_store_cannot_take_is_refused_with_the_grains_type()
    {
        var huge = GrainId.Create("test", new string('k', 70_000));
        var e = await Assert.ThrowsAsync<TokMeshStorageException>(() => _storage.WriteStateAsync("state", huge, State("x")));
        Assert.Contains("test", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_the_node_is_starting_nothing_is_read_or_written()
    {
        var storage = new TokMeshGrainStorage("p", "s", new TokMeshGrainStorageOptions { GrainStorageSerializer = silo.Silo.GetRequiredService<IGrainStorageSerializer>() },
            new NodeAccess(new LocalNode(new SessionLimits())), silo.Silo.GetRequiredService<global::Orleans.Serialization.Serializers.IActivatorProvider>(), TimeProvider.System,
            Microsoft.Extensions.Logging.Abstractions.NullLogger<TokMeshGrainStorage>.Instance);
        await Assert.ThrowsAsync<NodeNotReadyException>(() => storage.ReadStateAsync("state", _grain, State("")));
        await Assert.ThrowsAsync<NodeNotReadyException>(() => storage.WriteStateAsync("state", _grain, State("")));
    }

    private static GrainState<TextState> State(string text) => new() { State = new TextState { Text = text } };

    private Task<List<string>> KeysAsync() => StoredKeys.OfAsync(silo.Access, silo.KeysOf(_grain));

    private async Task<GrainState<TextState>> ReadAsync(string name = "state")
    {
        var state = State("not read");
        await _storage.ReadStateAsync(name, _grain, state);
        return state;
    }
}

[GenerateSerializer]
public sealed class TextState
{
    [Id(0)]
    public string Text { get; set; } = "";
}
