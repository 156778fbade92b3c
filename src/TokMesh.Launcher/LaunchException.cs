namespace TokMesh.Launcher;

/// <summary>The launcher failed; the message says what to do.</summary>
internal sealed class LaunchException(string message) : Exception(message);
