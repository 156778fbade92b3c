namespace TokMesh.State.Errors;

/// <summary>A rule that an argument breaks: the code, and a message that names the field and what is allowed.</summary>
public sealed record RuleViolation(ErrorCode Code, string Message);
