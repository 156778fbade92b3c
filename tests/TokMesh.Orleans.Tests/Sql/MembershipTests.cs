using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Configuration;
using Orleans.Runtime;
using Orleans.Runtime.Membership;
using Orleans.Runtime.MembershipService;

namespace TokMesh.Orleans.Tests.Sql;

/// <summary><c>clustering.sql</c>, through Orleans' own membership table and gateway list.</summary>
[Collection(PostgresCollection.Name)]
public sealed class MembershipTests(PostgresServer server)
{
    [SkippableFact]
    public async Task A_new_cluster_has_a_version_and_no_silo_however_many_found_it()
    {
        var connectionString = await PreparedAsync();
        var tables = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => TableAsync(connectionString, "c")));
        var data = await tables[0].ReadAllAsync();
        Assert.Empty(data.Members);
        Assert.Equal((0, "0"), (data.Version.Version, data.Version.VersionEtag));
    }

    [SkippableFact]
    public async Task What_is_inserted_is_read_back_whole_and_raises_the_version()
    {
        var table = await TableAsync(await PreparedAsync(), "c");
        var silo = Silo(1);
        Assert.True(await table.InsertRowAsync(silo, Next(await table.ReadAllAsync())));
        var data = await table.ReadAllAsync();
        Assert.Equal(1, data.Version.Version);
        var read = Assert.Single(data.Members).Item1;
        Assert.Equal((silo.SiloAddress, silo.SiloName, silo.HostName, silo.ProxyPort, silo.Status), (read.SiloAddress, read.SiloName, read.HostName, read.ProxyPort, read.Status));
        Assert.Equal(silo.StartTime, read.StartTime);
        Assert.Equal(silo.IAmAliveTime, read.IAmAliveTime);
        Assert.Null(read.SuspectTimes);
    }

    [SkippableFact]
    public async Task An_insert_at_another_version_or_of_a_silo_that_is_there_changes_nothing()
    {
        var table = await TableAsync(await PreparedAsync(), "c");
        var stale = Next(await table.ReadAllAsync());
        Assert.True(await table.InsertRowAsync(Silo(1), stale));
        Assert.False(await table.InsertRowAsync(Silo(2), stale));
        Assert.False(await table.InsertRowAsync(Silo(1), Next(await table.ReadAllAsync())));
        var data = await table.ReadAllAsync();
        Assert.Equal(1, data.Version.Version);
        Assert.Single(data.Members);
    }

    [SkippableFact]
    public async Task Of_silos_that_join_at_the_same_version_at_once_one_does()
    {
        var connectionString = await PreparedAsync();
        var table = await TableAsync(connectionString, "c");
        for (var round = 1; round <= 20; round++)
        {
            var version = Next(await table.ReadAllAsync());
            var joined = await Task.WhenAll(Enumerable.Range(0, 5).Select(n => Task.Run(() => table.InsertRowAsync(Silo(100 * round + n), version))));
            Assert.Single(joined, j => j);
            var data = await table.ReadAllAsync();
            Assert.Equal((round, round), (data.Version.Version, data.Members.Count));
        }
    }

    [SkippableFact]
    public async Task An_update_writes_status_and_suspicions_at_the_expected_version_alone()
    {
        var table = await TableAsync(await PreparedAsync(), "c");
        var silo = Silo(1);
        await table.InsertRowAsync(silo, Next(await table.ReadAllAsync()));
        var before = await table.ReadAllAsync();
        var (etag, version) = (before.Members[0].Item2, Next(before));
        silo.Status = SiloStatus.Dead;
        silo.AddSuspector(Silo(2).SiloAddress, new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc));
        Assert.True(await table.UpdateRowAsync(silo, etag, version));
        silo.Status = SiloStatus.Active;
        Assert.False(await table.UpdateRowAsync(silo, etag, version));
        Assert.False(await table.UpdateRowAsync(Silo(7), etag, Next(await table.ReadAllAsync())));

        var data = await table.ReadRowAsync(silo.SiloAddress);
        Assert.Equal(2, data.Version.Version);
        var read = Assert.Single(data.Members).Item1;
        Assert.Equal(SiloStatus.Dead, read.Status);
        Assert.Equal(Silo(2).SiloAddress, Assert.Single(read.SuspectTimes!).Item1);
    }

    [SkippableFact]
    public async Task One_row_that_is_not_there_is_read_as_the_version_alone()
    {
        var table = await TableAsync(await PreparedAsync(), "c");
        await table.InsertRowAsync(Silo(1), Next(await table.ReadAllAsync()));
        var data = await table.ReadRowAsync(Silo(2).SiloAddress);
        Assert.Empty(data.Members);
        Assert.Equal(1, data.Version.Version);
    }

    [SkippableFact]
    public async Task A_sign_of_life_moves_its_time_and_not_the_version()
    {
        var table = await TableAsync(await PreparedAsync(), "c");
        var silo = Silo(1);
        await table.InsertRowAsync(silo, Next(await table.ReadAllAsync()));
        silo.IAmAliveTime = silo.IAmAliveTime.AddMinutes(5);
        await table.UpdateIAmAliveAsync(silo);
        var data = await table.ReadAllAsync();
        Assert.Equal(1, data.Version.Version);
        Assert.Equal(silo.IAmAliveTime, data.Members[0].Item1.IAmAliveTime);
    }

    [SkippableFact]
    public async Task Only_the_dead_of_before_a_date_are_cleaned_up()
    {
        var table = await TableAsync(await PreparedAsync(), "c");
        var old = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        (int Port, SiloStatus Status, DateTime Alive)[] silos = [(1, SiloStatus.Dead, old), (2, SiloStatus.Active, old), (3, SiloStatus.Joining, old), (4, SiloStatus.Dead, old.AddDays(9))];
        foreach (var (port, status, alive) in silos)
        {
            var silo = Silo(port);
            (silo.Status, silo.IAmAliveTime) = (status, alive);
            await table.InsertRowAsync(silo, Next(await table.ReadAllAsync()));
        }
        await table.CleanupDefunctSiloEntriesAsync(old.AddDays(7));
        Assert.Equal([2, 3, 4], (await table.ReadAllAsync()).Members.Select(m => m.Item1.SiloAddress.Endpoint.Port).Order());
    }

    [SkippableFact]
    public async Task Gateways_are_those_of_active_silos_of_this_cluster_that_have_one()
    {
        var connectionString = await PreparedAsync();
        var (table, other) = (await TableAsync(connectionString, "c"), await TableAsync(connectionString, "other"));
        (int Port, SiloStatus Status, int Gateway)[] silos = [(1, SiloStatus.Active, 31), (2, SiloStatus.Active, 0), (3, SiloStatus.Dead, 33)];
        foreach (var (port, status, gateway) in silos)
        {
            var silo = Silo(port);
            (silo.Status, silo.ProxyPort) = (status, gateway);
            await table.InsertRowAsync(silo, Next(await table.ReadAllAsync()));
        }
        await other.InsertRowAsync(Silo(4), Next(await other.ReadAllAsync()));
        var gateways = new AdoNetGatewayListProvider(NullLogger<AdoNetGatewayListProvider>.Instance, new NoServices(),
            Options.Create(new AdoNetClusteringClientOptions { Invariant = "Npgsql", ConnectionString = connectionString }), Options.Create(new GatewayOptions()), Cluster("c"));
        await gateways.InitializeGatewayListProvider();
        Assert.Equal(31, Assert.Single(await gateways.GetGateways()).Port);
    }

    [SkippableFact]
    public async Task Clusters_share_a_database_and_one_may_be_deleted()
    {
        var connectionString = await PreparedAsync();
        var (a, b) = (await TableAsync(connectionString, "a"), await TableAsync(connectionString, "b"));
        await a.InsertRowAsync(Silo(1), Next(await a.ReadAllAsync()));
        await b.InsertRowAsync(Silo(1), Next(await b.ReadAllAsync()));
        await a.DeleteMembershipTableEntriesAsync("a");
        Assert.Single((await b.ReadAllAsync()).Members);
        Assert.Empty((await (await TableAsync(connectionString, "a")).ReadAllAsync()).Members);
    }

    private async Task<string> PreparedAsync()
    {
        var connectionString = await server.CreateDatabaseAsync();
        await PostgresServer.ExecuteAsync(connectionString, PostgresServer.Script("clustering.sql"));
        return connectionString;
    }

    private static async Task<AdoNetClusteringTable> TableAsync(string connectionString, string cluster)
    {
        var table = new AdoNetClusteringTable(new NoServices(), Cluster(cluster),
            Options.Create(new AdoNetClusteringSiloOptions { Invariant = "Npgsql", ConnectionString = connectionString }), NullLogger<AdoNetClusteringTable>.Instance);
        await table.InitializeMembershipTableAsync(tryInitTableVersion: true);
        return table;
    }

    private static IOptions<ClusterOptions> Cluster(string id) => Options.Create(new ClusterOptions { ClusterId = id, ServiceId = id });

    private static TableVersion Next(MembershipTableData data) => data.Version.Next();

    private static MembershipEntry Silo(int port) => new()
    {
        SiloAddress = SiloAddress.New(IPAddress.Loopback, port, 7),
        SiloName = $"tmnd-{port}",
        HostName = "host",
        Status = SiloStatus.Active,
        ProxyPort = 30_000 + port,
        StartTime = new DateTime(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc),
        IAmAliveTime = new DateTime(2026, 1, 1, 12, 0, 1, DateTimeKind.Utc),
    };

    private sealed class NoServices : IServiceProvider
    {
        public object? GetService(Type serviceType) => null;
    }
}
