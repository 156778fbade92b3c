namespace TokMesh.Raft.Tests.Scenarios;

/// <summary>A line of a scenario is wrong, or what it expects does not hold.</summary>
internal sealed class ScenarioException(string message) : Exception(message);

/// <summary>A step makes no sense as things are. A lenient scenario goes on without it; in any other it is an error.</summary>
internal sealed class StepDoesNotApplyException(string why) : Exception(why);
