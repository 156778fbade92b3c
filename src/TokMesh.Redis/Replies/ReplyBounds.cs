namespace TokMesh.Redis.Replies;

/// <summary>
/// How much of the cluster's memory the replies to one connection may take before the client has read them: here, at the nodes that
/// answer, and on the way. Small values come along with everything else that is under way; longer ones are fetched when it is their turn to
/// be written, a few at a time.
/// </summary>
internal static class ReplyBounds
{
    /// <summary>Longest value that is brought along, of the only command, or the first, that is under way.</summary>
    public const int FirstValueBytes = 256 << 10;

    /// <summary>Longest value that is brought along with others.</summary>
    public const int ValueBytes = 16 << 10;

    /// <summary>Bytes of longer values that are fetched together; one alone may be as long as values are.</summary>
    public const int FetchBytes = 4 << 20;

    /// <summary>Most bytes of an MGET's values from one shard.</summary>
    public const int ManyValuesBytes = 64 << 20;

    /// <summary>Commands under way that give back values and cannot be asked for less: writes, and MGET.</summary>
    public const int ReturningCommands = 16;

    /// <summary>Unread bytes after which the next reply waits.</summary>
    public const int UnreadBytes = 256 << 10;
}
