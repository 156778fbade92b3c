namespace TokMesh.Launcher;

/// <summary>The launcher failed; the message says what to do.</summary>
internal class LaunchException(string message) : Exception(message);

/// <summary><c>cluster.json</c> cannot be read.</summary>
internal sealed class DamagedFileException(string message) : LaunchException(message);
