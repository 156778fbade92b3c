using TokMesh.Cluster.Nodes;
using TokMesh.Orleans.Membership;
using TokMesh.Orleans.Nodes;
using TokMesh.Orleans.Tests.Grains;

namespace TokMesh.Orleans.Tests.Membership;

/// <summary>The table in meta, through each of three nodes.</summary>
public sealed class MetaMembershipTableTests(ThreeSilosElsewhere silos) : MembershipTableContract, IClassFixture<ThreeSilosElsewhere>
{
    private const string Name = "c";
    private bool _isStopping;

    [Fact]
    public async Task Every_node_sees_at_once_what_one_has_written()
    {
        var tables = await AllAsync();
        for (var round = 0; round < 9; round++)
        {
            Assert.True(await tables[round % 3].InsertRowAsync(Silo(round), Next(await tables[(round + 1) % 3].ReadAllAsync())));
            Assert.Equal(round + 1, (await tables[(round + 2) % 3].ReadAllAsync()).Members.Count);
        }
    }

    [Fact]
    public async Task Of_changes_through_several_nodes_at_one_version_one_is_made()
    {
        var tables = await AllAsync();
        var silo = Silo(1);
        await tables[0].InsertRowAsync(silo, Next(await tables[0].ReadAllAsync()));
        for (var round = 0; round < 20; round++)
        {
            var before = await tables[0].ReadAllAsync();
            var made = await Task.WhenAll(tables.Select((table, n) => Task.Run(() =>
            {
                var entry = Silo(1);
                entry.ProxyPort = 100 * round + n;
                return table.UpdateRowAsync(entry, before.Members[0].Item2, Next(before));
            })));
            Assert.Single(made, m => m);
            var after = await tables[1].ReadAllAsync();
            Assert.Equal(before.Version.Version + 1, after.Version.Version);
            Assert.Equal(100 * round + Array.IndexOf(made, true), after.Members[0].Item1.ProxyPort);
        }
    }

    [Fact]
    public async Task Nodes_are_told_when_the_table_changes()
    {
        var table = await NewTableAsync();
        var told = silos.Cluster.Silos.Select(s =>
        {
            var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            ThreeSilos.Access(s).Node.SilosChanged += () => heard.TrySetResult();
            return heard.Task;
        }).ToArray();
        await table.InsertRowAsync(Silo(1), Next(await table.ReadAllAsync()));
        await Task.WhenAll(told).WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Rows_of_another_cluster_are_nobodys_to_delete()
    {
        var table = await NewTableAsync();
        await table.InsertRowAsync(Silo(1), Next(await table.ReadAllAsync()));
        await table.DeleteMembershipTableEntriesAsync("other");
        Assert.Single((await table.ReadAllAsync()).Members);
        await table.DeleteMembershipTableEntriesAsync(Name);
        Assert.Empty((await table.ReadAllAsync()).Members);
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("-1")]
    [InlineData("99999999999")]
    public async Task A_tag_that_is_none_of_its_own_changes_nothing(string tag)
    {
        var table = await NewTableAsync();
        var version = (await table.ReadAllAsync()).Version;
        Assert.False(await table.InsertRowAsync(Silo(1), new TableVersion(version.Version + 1, tag)));
        Assert.True(await table.InsertRowAsync(Silo(1), version.Next()));
        Assert.False(await table.UpdateRowAsync(Silo(1), tag, Next(await table.ReadAllAsync())));
        Assert.Equal(version.Version + 1, (await table.ReadAllAsync()).Version.Version);
    }

    [Fact]
    public async Task A_silo_that_stops_waits_for_nobody_and_one_that_runs_hears_what_is_wrong()
    {
        var table = await NewTableAsync();
        await table.InsertRowAsync(Silo(1), Next(await table.ReadAllAsync()));
        var node = silos.SiloOf("tmnd-1");
        // A store whose calls have no time left: as without a majority, and quicker.
        var late = Table(ThreeSilos.Access(node).Store, () => throw new OrleansException("meta does not answer"));
        await Assert.ThrowsAsync<OrleansException>(() => late.ReadAllAsync(default));
        await Assert.ThrowsAsync<OrleansException>(() => late.UpdateRowAsync(Silo(1), "1", new TableVersion(2, "1"), default));
        _isStopping = true;
        Assert.Empty((await late.ReadAllAsync(default)).Members);
        Assert.True(await late.UpdateRowAsync(Silo(1), "1", new TableVersion(2, "1"), default));
        await late.UpdateIAmAliveAsync(Silo(1), default);
    }

    [Fact]
    public async Task A_node_that_ends_under_a_call_of_its_half_started_silo_is_no_error()
    {
        var store = ThreeSilos.Access(silos.SiloOf("tmnd-1")).Store;
        var table = Table(store, () =>
        {
            _isStopping = true;
            throw new NodeNotReadyException();
        });
        Assert.Empty((await table.ReadAllAsync(default)).Members);
        _isStopping = false;
        await table.UpdateIAmAliveAsync(Silo(1), default);
        _isStopping = false;
        await table.InitializeMembershipTableAsync(true, default);
        // One whose node has not started yet is told so.
        var early = Table(store, static () => throw new NodeNotReadyException());
        _isStopping = false;
        await Assert.ThrowsAsync<NodeNotReadyException>(() => early.ReadAllAsync(default));
    }

    protected override async Task<IMembershipTable> NewTableAsync() => (await AllAsync())[0];

    private async Task<IMembershipTable[]> AllAsync()
    {
        var tables = silos.NodeIds.Select(id => Table(ThreeSilos.Access(silos.SiloOf(id)).Store)).ToArray();
        foreach (var table in tables) await table.InitializeMembershipTableAsync(true);
        await tables[0].DeleteMembershipTableEntriesAsync(Name);
        return tables;
    }

    private IMembershipTable Table(StoreClient store, Func<StoreClient>? by = null) =>
        new MetaMembershipTable(by ?? (() => store), Name, () => _isStopping);
}
