namespace TokMesh.Log.Format;

/// <summary>What a record says. The numbers are on disk: they may only grow.</summary>
internal enum RecordType : byte
{
    /// <summary>A log entry; supersedes every earlier entry of its group at its index and after.</summary>
    Entry = 1,

    /// <summary>Term and vote.</summary>
    HardState = 2,

    /// <summary>A snapshot of this node's own making is durable: entries up to it may go.</summary>
    Mark = 3,

    /// <summary>A leader's snapshot was installed: every entry of the group is gone, the log goes on after it.</summary>
    Reset = 4,

    /// <summary>The group lives on this node; the bytes are its owner's.</summary>
    GroupMeta = 5,

    /// <summary>The group left this node.</summary>
    GroupRemoved = 6,

    /// <summary>The group's entries up to here are known to be committed: they are never superseded, and missing ones are damage.</summary>
    Commit = 7,

    /// <summary>Bytes of the owner's about the node as a whole, under a number that stands where groups have theirs; the latest counts.</summary>
    Note = 8,
}
