using TokMesh.Raft.Options;

namespace TokMesh.Raft.Tests.Scenarios;

/// <summary>A group and what happens to it.</summary>
/// <param name="Name">Of the file, without folder.</param>
/// <param name="Purpose">What it proves: the comment it begins with.</param>
/// <param name="IsLenient">Whether steps that do not apply are skipped, as in schedules of which parts were taken away.</param>
/// <param name="Voters">How many, numbered from 1.</param>
/// <param name="Learners">How many, numbered on.</param>
/// <param name="Strangers">How many outside the group, numbered on.</param>
/// <param name="Options">Timings and bounds.</param>
/// <param name="Steps">In order.</param>
internal sealed record Scenario(
    string Name, string Purpose, bool IsLenient, int Voters, int Learners, int Strangers, RaftOptions Options, IReadOnlyList<ScenarioLine> Steps);
