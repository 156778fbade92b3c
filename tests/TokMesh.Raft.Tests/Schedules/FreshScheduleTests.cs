namespace TokMesh.Raft.Tests.Schedules;

/// <summary>Schedules nobody has run before, drawn anew at each run: the fixed seeds have long been passed. A failure names its seed.</summary>
public sealed class FreshScheduleTests
{
    private const int Count = 50;

    [Fact]
    public void Safety_holds_under_schedules_nobody_has_run_before()
    {
        // Whoever asks for certain seeds wants those and no others.
        if (Environment.GetEnvironmentVariable(RandomScheduleTests.FirstSeed) is not null
            || Environment.GetEnvironmentVariable(RandomScheduleTests.SeedCount) is not null) return;
        var first = (int)(DateTimeOffset.UtcNow.ToUnixTimeSeconds() % 20_000_000) * 100;
        for (var seed = first; seed < first + Count; seed++) RandomScheduleTests.Check(seed);
    }
}
