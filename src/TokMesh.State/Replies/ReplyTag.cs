using TokMesh.State.Errors;

namespace TokMesh.State.Replies;

/// <summary>The first byte of a reply. Remembered replies live in snapshots: numbers may only grow (golden test).</summary>
public enum ReplyTag : byte
{
    /// <summary>Done.</summary>
    Ok = 1,

    /// <summary>A signed 64-bit number.</summary>
    Integer = 2,

    /// <summary>Bytes.</summary>
    Bulk = 3,

    /// <summary>Nothing there, or a condition that did not hold.</summary>
    Nil = 4,

    /// <summary>An <see cref="ErrorCode"/> and a UTF-8 detail.</summary>
    Error = 5,

    /// <summary>One session.</summary>
    Session = 6,

    /// <summary>How many matched, and the first of them.</summary>
    SessionList = 7,

    /// <summary>Replies in a row.</summary>
    Array = 8,

    /// <summary>The next cursor and names.</summary>
    ScanPage = 9,

    /// <summary>A value with its version and expiry.</summary>
    Versioned = 10,

    /// <summary>The name is held by a pointer: ask the shard of its user.</summary>
    NamePointer = 11,

    /// <summary>Pointers that wait for a decision.</summary>
    NamePointerList = 12,

    /// <summary>A <see cref="Names.Resolution"/>.</summary>
    Resolution = 13,

    /// <summary>Name work that the shard has to get done elsewhere.</summary>
    Outbox = 14,
}
