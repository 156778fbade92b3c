using TokMesh.Log.Format;

namespace TokMesh.Log.Writing;

/// <summary>
/// One frame that waits in <see cref="PendingFrames"/>. A checkpoint has room for its segment's header before it and says
/// how big the segment is to be.
/// </summary>
internal readonly record struct PendingFrame(int Start, int RecordBytes, FrameKind Kind, long SegmentBytes);
