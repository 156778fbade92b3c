using Microsoft.Extensions.DependencyInjection;

namespace TokMesh.Orleans.Tests.Sql;

/// <summary><c>reminders.sql</c>, through the reminder table of a real silo.</summary>
[Collection(PostgresCollection.Name)]
public sealed class ReminderTests(OneSilo silo) : IClassFixture<OneSilo>
{
    [SkippableFact]
    public async Task A_reminder_is_read_back_and_an_upsert_replaces_it_under_another_version()
    {
        var table = Table();
        var entry = Reminder("upsert", "r");
        var first = await table.UpsertRow(entry);
        entry.Period = TimeSpan.FromDays(60);
        var second = await table.UpsertRow(entry);
        Assert.NotEqual(first, second);
        var read = (await table.ReadRow(entry.GrainId, "r"))!;
        Assert.Equal((entry.GrainId, "r", entry.StartAt, entry.Period, second), (read.GrainId, read.ReminderName, read.StartAt, read.Period, read.ETag));
        Assert.Null(await table.ReadRow(entry.GrainId, "another"));
    }

    [SkippableFact]
    public async Task All_reminders_of_a_grain_are_read_and_none_of_another()
    {
        var table = Table();
        await table.UpsertRow(Reminder("mine", "a"));
        await table.UpsertRow(Reminder("mine", "b"));
        await table.UpsertRow(Reminder("yours", "c"));
        Assert.Equal(["a", "b"], (await table.ReadRows(Reminder("mine", "").GrainId)).Reminders.Select(r => r.ReminderName).Order(StringComparer.Ordinal));
    }

    [SkippableFact]
    public async Task Ranges_cover_the_ring_without_gap_and_without_overlap()
    {
        var table = Table();
        for (var i = 0; i < 40; i++) await table.UpsertRow(Reminder($"ring{i}", "r"));
        uint[] borders = [0, 0x4000_0000, 0x8000_0000, 0xC000_0000, 0];
        var found = new List<string>();
        for (var i = 0; i < 4; i++)
        {
            var part = (await table.ReadRows(borders[i], borders[i + 1])).Reminders;
            Assert.All(part, r => Assert.True(r.GrainId.GetUniformHashCode() - borders[i] - 1 < 0x4000_0000));
            found.AddRange(part.Select(r => r.GrainId.ToString()).Where(g => g.Contains("ring", StringComparison.Ordinal)));
        }
        Assert.Equal(40, found.Count);
        Assert.Equal(40, found.Distinct().Count());
        // A range that ends where it begins is the whole ring.
        Assert.Equal(40, (await table.ReadRows(5, 5)).Reminders.Count(r => r.GrainId.ToString().Contains("ring", StringComparison.Ordinal)));
    }

    [SkippableFact]
    public async Task Deleting_needs_the_version_that_is_stored()
    {
        var table = Table();
        var entry = Reminder("delete", "r");
        var stale = await table.UpsertRow(entry);
        var current = await table.UpsertRow(entry);
        Assert.False(await table.RemoveRow(entry.GrainId, "r", stale!));
        Assert.True(await table.RemoveRow(entry.GrainId, "r", current!));
        Assert.Null(await table.ReadRow(entry.GrainId, "r"));
        await table.UpsertRow(entry);
        await table.TestOnlyClearTable();
        Assert.Null(await table.ReadRow(entry.GrainId, "r"));
    }

    private IReminderTable Table() => silo.Services.GetRequiredService<IReminderTable>();

    private static ReminderEntry Reminder(string grain, string name) => new()
    {
        GrainId = GrainId.Create(GrainType.Create("test"), IdSpan.Create(grain)),
        ReminderName = name,
        StartAt = new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc),
        Period = TimeSpan.FromMinutes(1),
    };
}
