namespace TokMesh.Log;

/// <summary>A log's figures, for operators.</summary>
/// <param name="SegmentCount">How many segment files there are.</param>
/// <param name="OldestSegment">The number of the oldest.</param>
/// <param name="CurrentSegment">The number of the one being written.</param>
/// <param name="SizeBytes">Bytes written in all of them.</param>
/// <param name="AllocatedBytes">Bytes they take on the disk.</param>
/// <param name="LastSequence">The sequence of the last durable frame.</param>
/// <param name="LastOffset">Where the next frame goes in the current segment, in bytes.</param>
/// <param name="PendingBytes">Bytes appended but not yet flushed.</param>
/// <param name="HasFailed">Whether a write or sync failed, after which the log refuses everything.</param>
public readonly record struct LogStatus(
    int SegmentCount,
    uint OldestSegment,
    uint CurrentSegment,
    long SizeBytes,
    long AllocatedBytes,
    ulong LastSequence,
    long LastOffset,
    long PendingBytes,
    bool HasFailed);
