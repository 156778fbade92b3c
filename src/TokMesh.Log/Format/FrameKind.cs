namespace TokMesh.Log.Format;

/// <summary>What a frame is. The numbers are on disk: they may only grow.</summary>
internal enum FrameKind : byte
{
    /// <summary>The records of one group commit.</summary>
    Commit = 1,

    /// <summary>A segment's first frame: every group's state so far, so that older segments may go.</summary>
    Checkpoint = 2,
}
