namespace TokMesh.Launcher;

/// <summary>A path as one word of a command that is shown to be copied.</summary>
internal static class ShellWord
{
    public static string Of(string text) =>
        text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '_' or '-' or '+' or '@' or ':' or ',') ? text : "'" + text.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
}
