using TokMesh.Log;

namespace TokMesh.Cluster;

/// <summary>What one lane turn wants on disk, and which writes of which groups that is.</summary>
internal sealed class LogWork(Lane lane)
{
    public Lane Lane { get; } = lane;

    public LogBatch Records { get; } = new();

    public List<(Replica Replica, ulong Seq)> Writes { get; } = [];

    public void Clear()
    {
        Records.Reset();
        Writes.Clear();
    }
}

/// <summary>
/// Group commit: everything the lanes have handed over since the last turn becomes durable in one write. A plain object; a thread
/// or a simulation calls <see cref="Turn"/>.
/// </summary>
internal sealed class LogWriter(WriteAheadLog log, long snapshotThresholdBytes)
{
    private readonly Inbox<LogWork> _inbox = new();
    private int _pressureTurns;

    public Action Wake { set => _inbox.Wake = value; }

    public LogStatus Status { get; private set; } = log.Status;

    public long Flushes { get; private set; }

    public void Submit(LogWork work) => _inbox.Add(work);

    /// <exception cref="LogFailedException">The disk failed: the node must stop.</exception>
    public bool Turn()
    {
        var works = _inbox.Take();
        if (works.Count == 0) return false;
        foreach (var work in works) log.Append(work.Records);
        log.Flush();
        Flushes++;
        foreach (var work in works) work.Lane.Post(new LaneItem.Durable(work));
        RelievePressure();
        return !_inbox.IsEmpty;
    }

    private void RelievePressure()
    {
        if (log.SizeBytes < snapshotThresholdBytes || ++_pressureTurns % 64 != 1) return;
        log.DeleteObsoleteSegments();
        Status = log.Status;
        if (log.SizeBytes < snapshotThresholdBytes) return;
        var groups = log.GroupsHoldingOldestSegment();
        if (groups.Count > 0) PressureFrom?.Invoke(groups);
    }

    /// <summary>Told which groups should take snapshots so that the oldest segment can go.</summary>
    public Action<IReadOnlyList<uint>>? PressureFrom { get; set; }
}
