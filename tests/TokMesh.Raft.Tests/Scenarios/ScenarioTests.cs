namespace TokMesh.Raft.Tests.Scenarios;

/// <summary>Every file in this folder, a case each. Its name says what is proved, its first lines say why that matters.</summary>
public sealed class ScenarioTests
{
    public static TheoryData<ScenarioFile> Files() => [.. ScenarioFile.All];

    [Theory]
    [MemberData(nameof(Files))]
    public void It_is_so_that(ScenarioFile scenario) => ScenarioRun.Run(scenario.Read());
}
