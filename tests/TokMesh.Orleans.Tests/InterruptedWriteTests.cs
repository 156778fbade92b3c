using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;
using TokMesh.Cluster.Calls;
using TokMesh.Orleans.Storage;
using TokMesh.State.Keys;
using TokMesh.State.Replies;
using ErrorCode = TokMesh.State.Errors.ErrorCode;

namespace TokMesh.Orleans.Tests;

/// <summary>Writes of large states that end in the middle, step by step as the provider makes them.</summary>
[Collection(SiloCollection.Name)]
public sealed class InterruptedWriteTests(OneSilo silo)
{
    private static readonly byte[] Pieces = new byte[3 * OneSilo.ChunkBytes];
    private readonly IGrainStorage _storage = silo.Silo.GetRequiredKeyedService<IGrainStorage>(OneSilo.Provider);
    private readonly GrainId _grain = GrainId.Create("test", "interrupted " + Guid.NewGuid().ToString("N"));

    [Theory]
    [InlineData(10, 10)]
    [InlineData(10, 2500)]
    [InlineData(2500, 10)]
    [InlineData(2500, 2500)]
    public async Task A_crash_while_pieces_are_written_changes_nothing_and_the_next_write_deletes_them(int before, int after)
    {
        await WriteAsync(await ReadAsync(), new string('b', before));
        var kept = (await KeysAsync()).Count;
        await BeginAsync();
        Assert.Equal(kept + 3, (await KeysAsync()).Count);

        var read = await ReadAsync();
        Assert.Equal(new string('b', before), read.State!.Text);
        await WriteAsync(read, new string('a', after));
        Assert.Equal(new string('a', after), (await ReadAsync()).State!.Text);
        Assert.Equal(KeysOf(after), (await KeysAsync()).Count);
    }

    [Fact]
    public async Task A_crash_in_the_very_first_write_leaves_no_state_and_a_clear_takes_it_away()
    {
        await BeginAsync();
        var read = await ReadAsync();
        Assert.False(read.RecordExists);
        Assert.NotNull(read.ETag);
        await WriteAsync(read, "now");
        Assert.True((await ReadAsync()).RecordExists);
        await _storage.ClearStateAsync("state", _grain, read);
        // Whoever began may still write pieces for a while: the head stays, empty, to name them.
        Assert.Equal([""], await KeysAsync());
        Assert.False((await ReadAsync()).RecordExists);
        silo.Time.Offset += StateHead.LateWrites + TimeSpan.FromMinutes(1);
        read = await ReadAsync();
        await _storage.ClearStateAsync("state", _grain, read);
        Assert.Empty(await KeysAsync());
    }

    [Fact]
    public async Task A_crash_before_the_replaced_pieces_are_deleted_leaves_them_to_the_next_write()
    {
        await WriteAsync(await ReadAsync(), new string('1', 2500));
        var keys = silo.KeysOf(_grain);
        var access = silo.AccessTo(keys);
        var (generation, intent, version) = await BeginAsync();
        await access.ReplaceHeadAsync(new StateHead
        {
            Current = generation,
            Length = Pieces.Length,
            Leftovers = (intent with { Pending = null }).LeftoversAfter(0, deleted: false, keepsCurrent: false),
        }, version, null);
        Assert.Equal(1 + KeysOf(2500) - 1 + 3, (await KeysAsync()).Count);

        await WriteAsync(State((await access.ReadHeadAsync()).Version), "small");
        Assert.Equal([""], await KeysAsync());
    }

    [Fact]
    public async Task A_writer_that_was_overtaken_loses_and_what_it_still_writes_is_deleted()
    {
        var (generation, _, version) = await BeginAsync();
        var access = silo.AccessTo(silo.KeysOf(_grain));
        await WriteAsync(await ReadAsync(), "of the other");
        Assert.Equal([""], await KeysAsync());

        // It does not know yet.
        await access.WriteChunksAsync(generation, Pieces, OneSilo.ChunkBytes);
        var e = await Assert.ThrowsAsync<InconsistentStateException>(() => access.ReplaceHeadAsync(new StateHead { Current = generation, Length = Pieces.Length }, version, "its etag"));
        Assert.NotNull(e.StoredEtag);
        Assert.Equal(4, (await KeysAsync()).Count);
        // And then it crashes. The next writer still reckons with it.
        await WriteAsync(await ReadAsync(), "later");
        Assert.Equal([""], await KeysAsync());

        silo.Time.Offset += StateHead.LateWrites + TimeSpan.FromMinutes(1);
        var state = await ReadAsync();
        await WriteAsync(state, "much later");
        Assert.DoesNotContain('+', state.ETag!);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(2500)]
    public async Task A_state_that_was_cleared_since_it_was_read_is_not_written_again(int size)
    {
        await WriteAsync(await ReadAsync(), new string('b', size));
        var stale = await ReadAsync();
        await _storage.ClearStateAsync("state", _grain, await ReadAsync());
        await Assert.ThrowsAsync<InconsistentStateException>(() => WriteAsync(stale, new string('a', size)));
        Assert.False((await ReadAsync()).RecordExists);
    }

    [Fact]
    public async Task A_state_that_is_cleared_while_its_pieces_are_written_stays_cleared()
    {
        await WriteAsync(await ReadAsync(), new string('b', 2500));
        var (generation, _, version) = await BeginAsync();
        await _storage.ClearStateAsync("state", _grain, await ReadAsync());
        var access = silo.AccessTo(silo.KeysOf(_grain));
        await access.WriteChunksAsync(generation, Pieces, OneSilo.ChunkBytes);
        await Assert.ThrowsAsync<InconsistentStateException>(() => access.ReplaceHeadAsync(new StateHead { Current = generation, Length = Pieces.Length }, version, "its etag"));
        Assert.False((await ReadAsync()).RecordExists);
    }

    [Fact]
    public async Task Of_a_write_and_a_clear_at_once_one_is_told_that_it_lost()
    {
        for (var n = 0; n < 100; n++)
        {
            await WriteAsync(await ReadAsync(), "before");
            var (writer, clearer) = (await ReadAsync(), await ReadAsync());
            var writing = Record.ExceptionAsync(() => Task.Run(() => WriteAsync(writer, new string('w', n % 2 == 0 ? 10 : 2500))));
            var clearing = Record.ExceptionAsync(() => Task.Run(() => _storage.ClearStateAsync("state", _grain, clearer)));
            var (written, cleared) = (await writing is null, await clearing is null);
            Assert.True(written != cleared);
            Assert.Equal(written, (await ReadAsync()).RecordExists);
        }
    }

    [Fact]
    public async Task Pieces_that_are_gone_under_an_unchanged_head_are_damage_and_no_empty_state()
    {
        await WriteAsync(await ReadAsync(), new string('d', 2500));
        var keys = silo.KeysOf(_grain);
        var (head, _) = await silo.AccessTo(keys).ReadHeadAsync();
        var reply = await silo.Access.Store.WriteAsync(keys.Group, b =>
        {
            KeyOps.Del(b, 1);
            KeyOps.KeyItem(b, keys.Chunk(head.Current!.Value, 1));
        }, silo.Access.Node.NowMs + 5000);
        Assert.Equal(1, new ReplyReader(reply.Body.Span).Integer());
        Assert.Contains("missing", (await Assert.ThrowsAsync<TokMeshStorageException>(() => ReadAsync())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_write_whose_outcome_is_unknown_makes_Orleans_read_again()
    {
        var unknown = new StoreReply(CallOutcome.Unknown, ErrorCode.ClusterTimeout, "", default);
        Assert.Null(Assert.Throws<InconsistentStateException>(() => StateAccess.ThrowUnlessDone(unknown, "17")).StoredEtag);
        var forgotten = new StoreReply(CallOutcome.Answered, ErrorCode.ReplyForgotten, "", default);
        Assert.Throws<InconsistentStateException>(() => StateAccess.ThrowUnlessDone(forgotten, "17"));
        var failed = new StoreReply(CallOutcome.Failed, ErrorCode.ClusterNoNode, "Nothing happened.", default);
        Assert.Throws<TokMeshStorageException>(() => StateAccess.ThrowUnlessDone(failed, "17"));
    }

    [Fact]
    public void A_head_is_read_as_it_was_written_and_damage_is_seen()
    {
        StateHead[] heads =
        [
            StateHead.None,
            new() { Inline = new byte[] { 1, 2 }, Leftovers = [new(new(Guid.NewGuid(), 3), 4), new(new(Guid.NewGuid(), 5), 0)] },
            new() { Inline = ReadOnlyMemory<byte>.Empty, Pending = new(Guid.NewGuid(), 6) },
            new() { Current = new(Guid.NewGuid(), 7), Length = 8, Pending = new(Guid.NewGuid(), 9) },
        ];
        foreach (var head in heads)
        {
            var bytes = head.Encode();
            var read = StateHead.TryDecode(bytes)!;
            Assert.Equal((head.Current, head.Length, head.Pending, head.Inline is null), (read.Current, read.Length, read.Pending, read.Inline is null));
            Assert.Equal(head.Leftovers, read.Leftovers);
            Assert.Equal(head.Inline?.ToArray(), read.Inline?.ToArray());
            if (head.Inline is not null) continue;
            for (var length = 0; length < bytes.Length; length++) Assert.Null(StateHead.TryDecode(bytes.AsMemory(0, length)));
        }
        Assert.Null(StateHead.TryDecode("plain text of somebody else"u8.ToArray()));
    }

    private static GrainState<TextState> State(ulong version) => new() { State = new TextState(), ETag = new StateTag(version, true).ToEtag() };

    private static int KeysOf(int size) => size <= OneSilo.ChunkBytes ? 1 : 1 + (size / OneSilo.ChunkBytes) + 1;

    /// <summary>The first half of a large write: the intent, and all pieces.</summary>
    private async Task<(Generation Generation, StateHead Intent, ulong Version)> BeginAsync()
    {
        var access = silo.AccessTo(silo.KeysOf(_grain));
        var (before, version) = await access.ReadHeadAsync();
        var generation = new Generation(Guid.NewGuid(), 3);
        var intent = before with { Pending = generation, Leftovers = before.LeftoversAfter(0, deleted: false, keepsCurrent: true) };
        version = await access.ReplaceHeadAsync(intent, version, null);
        await access.WriteChunksAsync(generation, Pieces, OneSilo.ChunkBytes);
        return (generation, intent, version);
    }

    private async Task WriteAsync(GrainState<TextState> state, string text)
    {
        state.State = new TextState { Text = text };
        await _storage.WriteStateAsync("state", _grain, state);
    }

    private Task<List<string>> KeysAsync() => StoredKeys.OfAsync(silo.Access, silo.KeysOf(_grain));

    private async Task<GrainState<TextState>> ReadAsync()
    {
        var state = new GrainState<TextState> { State = new TextState() };
        await _storage.ReadStateAsync("state", _grain, state);
        return state;
    }
}
