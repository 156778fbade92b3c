using Orleans.Core;
using Orleans.Runtime;
using Orleans.Storage;
using TokMesh.Cluster;
using TokMesh.Orleans.Bootstrap;
using TokMesh.Orleans.Placement;

namespace TokMesh.Orleans.Tests.Bootstrap;

/// <summary>The grain that decides how a cluster began, two activations of it at once included.</summary>
public sealed class GenesisGrainTests
{
    private readonly Dictionary<string, Candidate> _nodes = "abcdef".ToDictionary(c => "tmnd-" + c, c => new Candidate("tmnd-" + c, Guid.NewGuid(), $"{c}:1", "", ""));
    private readonly StoredState _stored = new();
    private readonly Membership _membership = new();
    private readonly TokMeshSiloOptions _options = new() { ShardCount = 8 };

    public GenesisGrainTests()
    {
        foreach (var id in _nodes.Keys) _membership.Is(id, SiloStatus.Active);
    }

    [Fact]
    public async Task A_cluster_begins_when_enough_nodes_have_asked_and_all_hear_the_same()
    {
        var grain = NewActivation();
        Assert.Equal(1, (await AskAsync(grain, "tmnd-b")).Found);
        Assert.Equal(2, (await AskAsync(grain, "tmnd-c")).Found);
        var begun = (await AskAsync(grain, "tmnd-a")).Genesis!;
        Assert.Equal(begun, (await AskAsync(grain, "tmnd-b")).Genesis);
        Assert.Equal(begun, (await AskAsync(NewActivation(), "tmnd-c")).Genesis);
        var genesis = Genesis.FromJson(begun);
        Assert.Equal(["tmnd-a", "tmnd-b", "tmnd-c"], genesis.Nodes.Select(n => n.NodeId));
        Assert.Equal((8, 3), (genesis.ShardCount, genesis.ReplicationFactor));
    }

    [Fact]
    public async Task Two_halves_of_a_partitioned_start_cannot_make_two_clusters()
    {
        // Each half has an activation of its own, and enough nodes; the storage is what they share.
        var (one, two) = (NewActivation(), NewActivation());
        foreach (var id in (string[])["tmnd-a", "tmnd-b"]) await AskAsync(one, id);
        foreach (var id in (string[])["tmnd-d", "tmnd-e"]) await AskAsync(two, id);
        var first = await AskAsync(one, "tmnd-c");
        var second = await AskAsync(two, "tmnd-f");
        Assert.Equal(first.Genesis, second.Genesis);
        Assert.Equal(["tmnd-a", "tmnd-b", "tmnd-c"], Genesis.FromJson(second.Genesis!).Nodes.Select(n => n.NodeId));
        Assert.Equal(1, _stored.Conflicts);
    }

    [Fact]
    public async Task What_could_not_be_stored_was_not_decided()
    {
        var grain = NewActivation();
        await AskAsync(grain, "tmnd-a");
        await AskAsync(grain, "tmnd-b");
        _stored.IsAway = true;
        await Assert.ThrowsAsync<IOException>(() => AskAsync(grain, "tmnd-c"));
        _stored.IsAway = false;
        Assert.Null(_stored.Value);
        Assert.Equal(1, (await AskAsync(NewActivation(), "tmnd-a")).Found);
        // The first one does not take for decided what it meant to store, and decides when it can.
        Assert.Equal((await AskAsync(grain, "tmnd-a")).Genesis, _stored.Value);
    }

    [Fact]
    public async Task A_node_that_asked_and_went_is_not_counted()
    {
        var grain = NewActivation();
        await AskAsync(grain, "tmnd-a");
        await AskAsync(grain, "tmnd-b");
        _membership.Is("tmnd-b", SiloStatus.Dead);
        Assert.Equal(2, (await AskAsync(grain, "tmnd-c")).Found);
        Assert.Equal(["tmnd-a", "tmnd-c", "tmnd-d"], Genesis.FromJson((await AskAsync(grain, "tmnd-d")).Genesis!).Nodes.Select(n => n.NodeId));
    }

    [Fact]
    public async Task A_member_with_another_directory_is_refused_and_who_comes_later_hears_how_it_began()
    {
        var grain = await BegunAsync();
        _nodes["tmnd-a"] = _nodes["tmnd-a"] with { DirectoryId = Guid.NewGuid() };
        Assert.Equal("TM-CLST-4090", (await AskAsync(grain, "tmnd-a")).RefusalCode);
        Assert.Equal(_stored.Value, (await AskAsync(grain, "tmnd-d")).Genesis);
    }

    [Fact]
    public async Task Who_comes_later_is_refused_where_nobody_may_join()
    {
        var grain = await BegunAsync();
        _options.AllowJoin = false;
        Assert.Contains("nobody may join", (await AskAsync(grain, "tmnd-d")).Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_of_another_cluster_is_refused()
    {
        var grain = await BegunAsync();
        var foreign = Genesis.Found(_nodes.Values.Take(3), 8, 3, 1);
        var answer = await AskAsync(grain, "tmnd-a", foreign);
        Assert.Equal("TM-CLST-5050", answer.RefusalCode);
        Assert.Contains(foreign.ClusterId.ToString(), answer.Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cluster_whose_storage_was_lost_is_what_its_nodes_know()
    {
        var living = Genesis.Found(_nodes.Values.Take(3), 8, 3, 1);
        var grain = NewActivation();
        await AskAsync(grain, "tmnd-d");
        Assert.Equal(living.ToJson(), (await AskAsync(grain, "tmnd-b", living)).Genesis);
        Assert.Equal(living.ToJson(), (await AskAsync(grain, "tmnd-a")).Genesis);
        Assert.Equal(living.ToJson(), (await AskAsync(grain, "tmnd-d")).Genesis);
    }

    private async Task<GenesisGrain> BegunAsync()
    {
        var grain = NewActivation();
        foreach (var id in (string[])["tmnd-a", "tmnd-b", "tmnd-c"]) await AskAsync(grain, id);
        return grain;
    }

    private GenesisGrain NewActivation() => new(new StateOf(_stored), null!, _options, new Silos(_membership), new SystemClock());

    private Task<GenesisAnswer> AskAsync(GenesisGrain grain, string id, Genesis? known = null) => grain.Find(new Hello
    {
        MinVersion = Admission.MinVersion,
        MaxVersion = Admission.MaxVersion,
        Self = _nodes[id],
        ClusterId = known?.ClusterId,
        Genesis = known,
    }.ToJson());

    /// <summary>Storage with versions, as every provider of Orleans has it.</summary>
    private sealed class StoredState
    {
        public byte[]? Value { get; set; }

        public int Version { get; set; }

        public int Conflicts { get; set; }

        public bool IsAway { get; set; }
    }

    private sealed class StateOf(StoredState stored) : IPersistentStateFactory
    {
        public IPersistentState<TState> Create<TState>(IGrainContext context, IPersistentStateConfiguration config) => (IPersistentState<TState>)(object)new Activation(stored);
    }

    private sealed class Activation : IPersistentState<GenesisRecord>
    {
        private readonly StoredState _stored;
        private int _version;

        // An activation reads before its first call.
        public Activation(StoredState stored)
        {
            _stored = stored;
            Read();
        }

        public GenesisRecord State { get; set; } = new();

        public string Etag => $"{_version}";

        public bool RecordExists => _version > 0;

        public Task ClearStateAsync() => throw new NotSupportedException();

        public Task ReadStateAsync()
        {
            Read();
            return Task.CompletedTask;
        }

        public Task WriteStateAsync()
        {
            if (_stored.IsAway) throw new IOException("The database is away.");
            if (_version != _stored.Version)
            {
                _stored.Conflicts++;
                throw new InconsistentStateException("conflict", $"{_stored.Version}", $"{_version}");
            }
            _stored.Value = State.Genesis;
            _version = ++_stored.Version;
            return Task.CompletedTask;
        }

        private void Read()
        {
            _version = _stored.Version;
            State = new GenesisRecord { Genesis = _stored.Value };
        }
    }
}
