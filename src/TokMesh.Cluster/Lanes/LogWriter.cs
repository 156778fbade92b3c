using TokMesh.Cluster.Clocks;
using TokMesh.Cluster.Disks;
using TokMesh.Cluster.Replicas;
using TokMesh.Cluster.Starts;
using TokMesh.Log;
using TokMesh.Log.Recovery;
using TokMesh.Log.Writing;

namespace TokMesh.Cluster.Lanes;

/// <summary>What one lane turn wants on disk, and which writes of which groups that is.</summary>
internal sealed class LogWork(Action<LogWork> durable)
{
    /// <summary>Told, by the log's worker, when it is on disk.</summary>
    public Action<LogWork> Durable { get; } = durable;

    /// <summary>When it was handed over; monotonic milliseconds.</summary>
    public long SubmittedAtMs { get; set; }

    public LogBatch Records { get; } = new();

    public List<(Replica Replica, ulong Seq)> Writes { get; } = [];

    /// <summary>Groups that are removed from this node with it.</summary>
    public List<uint> Removed { get; } = [];

    public void Clear()
    {
        Records.Reset();
        Writes.Clear();
        Removed.Clear();
    }
}

/// <summary>
/// Group commit: everything the lanes have handed over since the last turn becomes durable in one write. A plain object; a thread
/// or a simulation calls <see cref="Turn"/>.
/// </summary>
internal sealed class LogWriter(WriteAheadLog log, LogPlace place, ulong start, DiskWatch disk, IClock clock, long snapshotThresholdBytes)
{
    private readonly Inbox<LogWork> _inbox = new();
    private uint _segment = log.NewestSegment;
    private ulong _sequence = log.Sequence;
    private int _pressureTurns;

    public Action Wake { set => _inbox.Wake = value; }

    public LogStatus Status { get; private set; } = log.Status;

    public long Flushes { get; private set; }

    /// <summary>How far the log is durable (<see cref="LogRecovery.Sequence"/>).</summary>
    public ulong Sequence => Volatile.Read(ref _sequence);

    public void Submit(LogWork work)
    {
        disk.Submitted(work.Records.Bytes, clock.MonotonicMs);
        _inbox.Add(work);
    }

    /// <summary>Makes a note durable, then calls back on the log's worker.</summary>
    public void Note(uint number, ReadOnlySpan<byte> note, Action durable)
    {
        var work = new LogWork(_ => durable());
        work.Records.AppendNote(number, note);
        Submit(work);
    }

    /// <exception cref="LogFailedException">The disk failed: the node must stop.</exception>
    public bool Turn()
    {
        var works = _inbox.Take();
        if (works.Count == 0) return false;
        long bytes = 0;
        foreach (var work in works)
        {
            log.Append(work.Records);
            bytes += work.Records.Bytes;
        }
        log.Flush();
        Volatile.Write(ref _sequence, log.Sequence);
        Flushes++;
        disk.Completed(works.Count, bytes, clock.MonotonicMs);
        if (log.NewestSegment != _segment) place.Remember(new LogMemory(start, _segment = log.NewestSegment));
        foreach (var work in works) work.Durable(work);
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
