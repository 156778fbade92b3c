using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using TokMesh.Launcher;
using TokMesh.Orleans.Tests.Harness;

namespace TokMesh.Orleans.Tests.Sql;

/// <summary>A real silo whose membership, grain state and reminders are in one database that the scripts have prepared.</summary>
public sealed class OneSilo(PostgresServer server) : IAsyncLifetime
{
    /// <summary>The storage that keeps the row of a state that was cleared, and the one that deletes it.</summary>
    public const string Keeping = "keeping", Deleting = "deleting";

    private IHost? _host;

    /// <summary>Of the silo; skips the test where there is no PostgreSQL.</summary>
    internal IServiceProvider Services
    {
        get
        {
            Skip.If(_host is null, "PostgreSQL's server programs are not installed.");
            return _host.Services;
        }
    }

    public async Task InitializeAsync()
    {
        if (!PrivatePostgres.IsInstalled) return;
        var connectionString = await server.CreateDatabaseAsync();
        foreach (var script in (string[])["clustering.sql", "persistence.sql", "reminders.sql"]) await PostgresServer.ExecuteAsync(connectionString, PostgresServer.Script(script));
        _host = new HostBuilder().UseOrleans(silo => silo
            .Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = ("c", "s"))
            .Configure<EndpointOptions>(o => (o.AdvertisedIPAddress, o.SiloPort, o.GatewayPort) = (IPAddress.Loopback, SiloCluster.FreePort(), SiloCluster.FreePort()))
            .UseAdoNetClustering(o => (o.Invariant, o.ConnectionString) = ("Npgsql", connectionString))
            .AddAdoNetGrainStorage(Keeping, o => (o.Invariant, o.ConnectionString) = ("Npgsql", connectionString))
            .AddAdoNetGrainStorage(Deleting, o => (o.Invariant, o.ConnectionString, o.DeleteStateOnClear) = ("Npgsql", connectionString, true))
            .UseAdoNetReminderService(o => (o.Invariant, o.ConnectionString) = ("Npgsql", connectionString)))
            .ConfigureLogging(l => l.ClearProviders()).Build();
        await _host.StartAsync();
    }

    public async Task DisposeAsync()
    {
        if (_host is null) return;
        await _host.StopAsync();
        _host.Dispose();
    }
}
