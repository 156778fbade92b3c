namespace TokMesh.Client;

/// <summary>Text arguments, before they are encoded: an encoder would put a replacement character for what is no text, and name something else.</summary>
internal static class TextArgument
{
    /// <exception cref="TokMeshException">TM-ARG-1001: it is not well-formed Unicode, or holds NUL.</exception>
    public static void Check(string argument, string? text)
    {
        if (TextFault.Of(text) is { } fault) throw new TokMeshException(TokMeshErrorCode.ArgumentInvalid, $"{argument}: {fault}", TokMeshOutcome.Refused);
    }

    /// <exception cref="TokMeshException">TM-ARG-1001: a text of it is not well-formed Unicode, or holds NUL.</exception>
    public static void Check(NewSession session)
    {
        Check("user_id", session.UserId);
        Check("device_id", session.DeviceId);
        if (session.Data is null) return;
        foreach (var (name, value) in session.Data)
        {
            Check("data key", name);
            Check($"data['{name}']", value);
        }
    }
}
