namespace TokMesh.Raft.Tests.Schedules;

/// <summary>
/// Anything may be lost, doubled, delayed, reordered, cut off or crashed at any moment; the properties hold, and afterwards the group
/// heals. <c>TOKMESH_FIRST_SEED</c> and <c>TOKMESH_SEEDS</c> choose which seeds are run.
/// </summary>
public sealed class RandomScheduleTests
{
    internal const string FirstSeed = "TOKMESH_FIRST_SEED";
    internal const string SeedCount = "TOKMESH_SEEDS";

    public static TheoryData<int> Seeds() =>
        [.. Enumerable.Range(int.Parse(Environment.GetEnvironmentVariable(FirstSeed) ?? "1"), int.Parse(Environment.GetEnvironmentVariable(SeedCount) ?? "150"))];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Safety_holds_under_any_schedule_and_the_group_heals(int seed) => Check(seed);

    /// <summary>Fails with the smallest schedule that goes wrong as that of the seed does.</summary>
    internal static void Check(int seed)
    {
        var (schedule, failure) = ScheduleGenerator.Draw(seed);
        if (failure is not null) Assert.Fail(Report(seed, schedule, failure));
    }

    internal static string Report(int seed, Schedule schedule, ScheduleFailure failure)
    {
        var smallest = schedule.Shrink(failure);
        return $"""
            Seed {seed}: {failure.Message}

            The whole run again:
              {FirstSeed}={seed} {SeedCount}=1 dotnet test tests/TokMesh.Raft.Tests --filter FullyQualifiedName~RandomScheduleTests
            Of {failure.Steps} steps these {smallest.Steps.Count} are enough. To keep them, save them under a sentence that says what must hold,
            as tests/TokMesh.Raft.Tests/Scenarios/<sentence>.scenario:

            {smallest.ToScenario($"Found by seed {seed}: {smallest.Run()?.Message.Split('\n')[0]}")}
            """;
    }
}
