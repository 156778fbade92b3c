namespace TokMesh.Client;

/// <summary>What a change that is tied to a session's version found.</summary>
public enum ConditionalStatus
{
    /// <summary>The session was as it was read, and is changed.</summary>
    Done,

    /// <summary>There is no such session, or it has expired or been revoked.</summary>
    NotFound,

    /// <summary>The session lives under another version: it is as it was.</summary>
    Conflict,
}

/// <summary>How a change that is tied to a session's version ended.</summary>
/// <param name="Status">What it found.</param>
/// <param name="Version">After a conflict the session's present version, else 0.</param>
public readonly record struct ConditionalResult(ConditionalStatus Status, ulong Version = 0);
