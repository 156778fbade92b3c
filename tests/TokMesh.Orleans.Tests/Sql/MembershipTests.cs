using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime.Membership;
using Orleans.Runtime.MembershipService;
using TokMesh.Orleans.Tests.Membership;

namespace TokMesh.Orleans.Tests.Sql;

/// <summary><c>clustering.sql</c>, through Orleans' own membership table and gateway list.</summary>
[Collection(PostgresCollection.Name)]
public sealed class MembershipTests(PostgresServer server) : MembershipTableContract
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

    protected override async Task<IMembershipTable> NewTableAsync() => await TableAsync(await PreparedAsync(), "c");

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

    private sealed class NoServices : IServiceProvider
    {
        public object? GetService(Type serviceType) => null;
    }
}
