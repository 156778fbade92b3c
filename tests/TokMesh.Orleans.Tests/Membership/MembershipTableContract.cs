using System.Net;

namespace TokMesh.Orleans.Tests.Membership;

/// <summary>What Orleans expects of a membership table, whoever keeps it.</summary>
public abstract class MembershipTableContract
{
    [SkippableFact]
    public async Task What_is_inserted_is_read_back_whole_and_raises_the_version()
    {
        var table = await NewTableAsync();
        var start = (await table.ReadAllAsync()).Version.Version;
        var silo = Silo(1);
        Assert.True(await table.InsertRowAsync(silo, Next(await table.ReadAllAsync())));
        var data = await table.ReadAllAsync();
        Assert.Equal(start + 1, data.Version.Version);
        var read = Assert.Single(data.Members).Item1;
        Assert.Equal((silo.SiloAddress, silo.SiloName, silo.HostName, silo.ProxyPort, silo.Status), (read.SiloAddress, read.SiloName, read.HostName, read.ProxyPort, read.Status));
        Assert.Equal(silo.StartTime, read.StartTime);
        Assert.Equal(silo.IAmAliveTime, read.IAmAliveTime);
        Assert.Null(read.SuspectTimes);
    }

    [SkippableFact]
    public async Task An_insert_at_another_version_or_of_a_silo_that_is_there_changes_nothing()
    {
        var table = await NewTableAsync();
        var start = (await table.ReadAllAsync()).Version.Version;
        var stale = Next(await table.ReadAllAsync());
        Assert.True(await table.InsertRowAsync(Silo(1), stale));
        Assert.False(await table.InsertRowAsync(Silo(2), stale));
        Assert.False(await table.InsertRowAsync(Silo(1), Next(await table.ReadAllAsync())));
        var data = await table.ReadAllAsync();
        Assert.Equal(start + 1, data.Version.Version);
        Assert.Single(data.Members);
    }

    [SkippableFact]
    public async Task Of_silos_that_join_at_the_same_version_at_once_one_does()
    {
        var table = await NewTableAsync();
        var start = (await table.ReadAllAsync()).Version.Version;
        for (var round = 1; round <= 20; round++)
        {
            var version = Next(await table.ReadAllAsync());
            var joined = await Task.WhenAll(Enumerable.Range(0, 5).Select(n => Task.Run(() => table.InsertRowAsync(Silo(100 * round + n), version))));
            Assert.Single(joined, j => j);
            var data = await table.ReadAllAsync();
            Assert.Equal((start + round, round), (data.Version.Version, data.Members.Count));
        }
    }

    [SkippableFact]
    public async Task An_update_writes_status_and_suspicions_at_the_expected_version_alone()
    {
        var table = await NewTableAsync();
        var start = (await table.ReadAllAsync()).Version.Version;
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
        Assert.Equal(start + 2, data.Version.Version);
        var read = Assert.Single(data.Members).Item1;
        Assert.Equal(SiloStatus.Dead, read.Status);
        Assert.Equal(Silo(2).SiloAddress, Assert.Single(read.SuspectTimes!).Item1);
    }

    [SkippableFact]
    public async Task One_row_that_is_not_there_is_read_as_the_version_alone()
    {
        var table = await NewTableAsync();
        var start = (await table.ReadAllAsync()).Version.Version;
        await table.InsertRowAsync(Silo(1), Next(await table.ReadAllAsync()));
        var data = await table.ReadRowAsync(Silo(2).SiloAddress);
        Assert.Empty(data.Members);
        Assert.Equal(start + 1, data.Version.Version);
    }

    [SkippableFact]
    public async Task A_sign_of_life_moves_its_time_and_not_the_version()
    {
        var table = await NewTableAsync();
        var start = (await table.ReadAllAsync()).Version.Version;
        var silo = Silo(1);
        await table.InsertRowAsync(silo, Next(await table.ReadAllAsync()));
        silo.IAmAliveTime = silo.IAmAliveTime.AddMinutes(5);
        await table.UpdateIAmAliveAsync(silo);
        var data = await table.ReadAllAsync();
        Assert.Equal(start + 1, data.Version.Version);
        Assert.Equal(silo.IAmAliveTime, data.Members[0].Item1.IAmAliveTime);
    }

    [SkippableFact]
    public async Task Only_the_dead_of_before_a_date_are_cleaned_up()
    {
        var table = await NewTableAsync();
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
    public async Task A_sign_of_life_leaves_tag_and_version_good_for_an_update()
    {
        var table = await NewTableAsync();
        var silo = Silo(1);
        await table.InsertRowAsync(silo, Next(await table.ReadAllAsync()));
        var read = await table.ReadAllAsync();
        await table.UpdateIAmAliveAsync(silo);
        silo.Status = SiloStatus.ShuttingDown;
        Assert.True(await table.UpdateRowAsync(silo, read.Members[0].Item2, Next(read)));
    }

    /// <summary>A table without rows. Its version need not be 0.</summary>
    protected abstract Task<IMembershipTable> NewTableAsync();

    protected static TableVersion Next(MembershipTableData data) => data.Version.Next();

    protected static MembershipEntry Silo(int port) => new()
    {
        SiloAddress = SiloAddress.New(IPAddress.Loopback, port, 7),
        SiloName = $"tmnd-{port}",
        HostName = "host",
        Status = SiloStatus.Active,
        ProxyPort = 30_000 + port,
        StartTime = new DateTime(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc),
        IAmAliveTime = new DateTime(2026, 1, 1, 12, 0, 1, DateTimeKind.Utc),
    };
}
