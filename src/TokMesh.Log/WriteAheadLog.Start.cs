using TokMesh.Log.Format;
using TokMesh.Log.Recovery;
using TokMesh.Log.Writing;

namespace TokMesh.Log;

// From what recovery read to a log that can be appended to: the only part of opening that changes the disk.
public sealed partial class WriteAheadLog
{
    private void Start(LogScan scan, Reconciliation reconciled)
    {
        try
        {
            RemoveLeftovers(scan, reconciled);
            if (scan.LastHeader is { } header)
            {
                _writer = SegmentWriter.Resume(_disk, _options, header, _segments[^1].WrittenBytes);
                _writer.Secure(scan.LastFrame, scan.TornTail?.Bytes ?? 0);
            }
        }
        catch (Exception e)
        {
            if (Fail("Preparing the recovered log failed", e) is { } failed) throw failed;
            throw;
        }
        if (_segments.Count == 0) PlanSegment(firstFrameBytes: 0);
        // What recovery concluded goes into the log: the entries that follow would not make sense without it.
        Append(reconciled.Conclusions);
        Flush();
    }

    private void RemoveLeftovers(LogScan scan, Reconciliation reconciled)
    {
        foreach (var name in _disk.List())
            if (PartialFiles.IsPartial(name)) _disk.Delete(name);
        foreach (var name in reconciled.OrphanedSnapshots) _disk.Delete(name);
        if (scan.IncompleteSegment is { } incomplete) _disk.Delete(incomplete);
        // Also for names that recovery relied on and a dead process may not have synced: a segment, a renamed snapshot.
        _disk.SyncDirectory();
    }
}
