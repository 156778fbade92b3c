using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;

namespace TokMesh.Orleans.Tests;

/// <summary>A grain of an application that keeps its state in TokMesh.</summary>
[Collection(SiloCollection.Name)]
public sealed class StatefulGrainTests(OneSilo silo)
{
    private readonly INoteGrain _grain = silo.Cluster.Client.GetGrain<INoteGrain>(Guid.NewGuid().ToString("N"));

    [Fact]
    public async Task A_grain_finds_its_state_again_when_it_is_activated_anew()
    {
        Assert.Equal("", await _grain.ReadAsync());
        foreach (var text in new[] { "short", new string('l', 4000) })
        {
            await _grain.WriteAsync(text);
            await _grain.DeactivateAsync();
            Assert.Equal(text, await _grain.ReadAsync());
        }
        await _grain.ClearAsync();
        await _grain.DeactivateAsync();
        Assert.Equal("", await _grain.ReadAsync());
    }

    [Fact]
    public async Task A_grain_that_writes_over_another_activations_state_is_stopped_and_reads_again()
    {
        await _grain.WriteAsync("mine");
        // As a second activation would, on the other side of a partition.
        var storage = silo.Silo.GetRequiredKeyedService<IGrainStorage>(OneSilo.Provider);
        var state = new GrainState<TextState> { State = new TextState() };
        await storage.ReadStateAsync("note", _grain.GetGrainId(), state);
        state.State = new TextState { Text = "theirs" };
        await storage.WriteStateAsync("note", _grain.GetGrainId(), state);

        await Assert.ThrowsAsync<InconsistentStateException>(() => _grain.WriteAsync("mine again"));
        Assert.Equal("theirs", await _grain.ReadAsync());
    }
}

public interface INoteGrain : IGrainWithStringKey
{
    Task<string> ReadAsync();

    Task WriteAsync(string text);

    Task ClearAsync();

    Task DeactivateAsync();
}

public sealed class NoteGrain([PersistentState("note", OneSilo.Provider)] IPersistentState<TextState> state) : Grain, INoteGrain
{
    public Task<string> ReadAsync() => Task.FromResult(state.State.Text);

    public Task WriteAsync(string text)
    {
        state.State.Text = text;
        return state.WriteStateAsync();
    }

    public Task ClearAsync() => state.ClearStateAsync();

    public Task DeactivateAsync()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }
}
