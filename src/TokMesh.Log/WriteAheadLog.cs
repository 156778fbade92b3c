using TokMesh.Log.Disks;
using TokMesh.Log.Format;
using TokMesh.Log.Recovery;
using TokMesh.Log.Writing;

namespace TokMesh.Log;

/// <summary>
/// One append-only log for all Raft groups of a node. What is appended between two flushes becomes durable together, by one
/// write and one sync. A plain object: one caller at a time, no thread, no clock.
/// </summary>
public sealed partial class WriteAheadLog : IDisposable
{
    // Room for frame overheads below the longest array.
    private const int MaxPendingBytes = int.MaxValue - (1 << 20);

    private readonly IDisk _disk;
    private readonly WriteAheadLogOptions _options;
    private readonly FrameLayout _layout;
    private readonly GroupLedger _ledger;
    private readonly PendingFrames _pending;
    private readonly List<SegmentExtent> _segments;
    private readonly LogBatch _checkpoint = new();

    private SegmentWriter? _writer;
    private ulong _nextSequence;
    private Exception? _failure;
    private bool _isDisposed;

    // Where the next frame will go once everything pending is written: frames are placed when they are appended.
    private uint _plannedSegment;
    private long _plannedOffset;
    private long _plannedLimit;

    private WriteAheadLog(IDisk disk, WriteAheadLogOptions options, LogScan scan)
    {
        _disk = disk;
        _options = options;
        _layout = new FrameLayout(options.Key is not null);
        _ledger = scan.Replay.Ledger;
        _segments = scan.Segments;
        _nextSequence = scan.NextSequence;
        _pending = new PendingFrames(_layout, options.MaxFrameBytes * 2);
        if (_segments.Count > 0)
        {
            _plannedSegment = _segments[^1].Number;
            _plannedOffset = _segments[^1].WrittenBytes;
            _plannedLimit = _segments[^1].AllocatedBytes;
        }
    }

    /// <summary>Bytes written in all live segments.</summary>
    public long SizeBytes
    {
        get
        {
            long bytes = 0;
            foreach (var segment in _segments) bytes += segment.WrittenBytes;
            return bytes;
        }
    }

    /// <summary>Number of the last write; durable when nothing is pending (see <see cref="LogRecovery.Sequence"/>).</summary>
    public ulong Sequence => _nextSequence - 1;

    /// <summary>Number of the segment being written.</summary>
    public uint NewestSegment => _segments[^1].Number;

    /// <summary>How many segment files there are.</summary>
    public long LiveSegmentCount => _segments.Count;

    /// <summary>The log's figures, for operators; available after a failure too.</summary>
    public LogStatus Status
    {
        get
        {
            long allocated = 0;
            foreach (var segment in _segments) allocated += Math.Max(segment.AllocatedBytes, segment.WrittenBytes);
            return new LogStatus(
                _segments.Count, _segments[0].Number, _segments[^1].Number, SizeBytes, allocated,
                _nextSequence - 1, _segments[^1].WrittenBytes, _pending.Bytes, _failure is not null);
        }
    }

    /// <summary>
    /// Opens the log on <paramref name="disk"/>, making it if there is none, and hands out what is durable. Damage is found
    /// before anything is changed. The caller holds the directory's lock.
    /// </summary>
    /// <param name="disk">The directory.</param>
    /// <param name="options">How it writes.</param>
    /// <param name="recovery">What was found.</param>
    /// <param name="check">
    /// Looks at what was found before anything is changed; what it throws is passed on, and the log stays as it was. For owners that
    /// know from elsewhere what the log must hold.
    /// </param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="LogDamagedException">Something durable is gone or altered; nothing was changed.</exception>
    /// <exception cref="LogUnreadableException">The key is wrong or missing, or a newer version wrote the log.</exception>
    /// <exception cref="LogFailedException">The disk refused a write or a sync.</exception>
    /// <exception cref="IOException">The disk refused a read; nothing was changed.</exception>
    public static WriteAheadLog Open(IDisk disk, WriteAheadLogOptions options, out LogRecovery recovery, Action<LogRecovery>? check = null)
    {
        ArgumentNullException.ThrowIfNull(disk);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();

        var scan = LogScan.Read(disk, options);
        var reconciled = Reconciliation.Of(disk, options.Key, scan);
        recovery = new LogRecovery(reconciled.Groups, scan);
        check?.Invoke(recovery);

        var log = new WriteAheadLog(disk, options, scan);
        try
        {
            log.Start(scan, reconciled);
        }
        catch
        {
            log.Dispose();
            throw;
        }
        return log;
    }

    /// <summary>
    /// Takes a batch in; it is durable after the next <see cref="Flush"/>. The records are copied.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// A record breaks a rule, such as a gap between indexes or a second vote in a term. The caller's state cannot be
    /// trusted, so the log refuses everything from here on.
    /// </exception>
    /// <exception cref="LogFailedException">The log failed before.</exception>
    public void Append(LogBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ThrowIfUnusable();
        if (batch.IsEmpty) return;
        if ((long)_pending.Bytes + batch.Bytes > MaxPendingBytes)
            throw new InvalidOperationException($"{_pending.Bytes} bytes wait to be flushed; {batch.Bytes} more do not fit. Flush first.");

        PlaceFrame(batch.Bytes);
        var reader = new RecordReader(batch.Records);
        while (reader.TryRead(out var record))
            if (_ledger.Apply(record, _plannedSegment, replaying: false) is { } violation) throw Break(violation);
        _pending.Add(batch.Records);
    }

    /// <summary>On return everything appended is durable. Usually one write and one sync.</summary>
    /// <exception cref="LogFailedException">A write or sync failed, now or before. Never retried.</exception>
    public void Flush()
    {
        ThrowIfUnusable();
        if (_pending.Count == 0) return;
        try
        {
            // Each frame is synced before the next is written, so a crash leaves at most one frame in doubt, the last.
            // Recovery rests on it: a broken frame with a whole one behind it cannot be a write cut short, only damage to
            // something that was durable. With two frames in flight the disk might keep the second and lose the first, and
            // an honest crash would look like damage, or damage like a crash.
            for (var i = 0; i < _pending.Count; i++) WriteFrame(_pending[i]);
        }
        catch (Exception e)
        {
            if (Fail("Writing the log failed", e) is { } failed) throw failed;
            throw;
        }
        _pending.Clear();
    }

    /// <summary>
    /// Deletes the segments that no group needs: every entry in them is covered by a mark or reset, or superseded. Flushes
    /// first, since what makes a segment obsolete must itself be durable.
    /// </summary>
    /// <exception cref="LogFailedException">The disk refused, now or before.</exception>
    public void DeleteObsoleteSegments()
    {
        Flush();
        var needed = _ledger.OldestNeeded(_segments[^1].Number);
        try
        {
            while (_segments[0].Number < needed)
            {
                _disk.Delete(SegmentName.Of(_segments[0].Number));
                // One at a time: a disk may keep the later of two deletes and lose the earlier, which would leave a hole.
                _disk.SyncDirectory();
                _segments.RemoveAt(0);
            }
        }
        catch (Exception e)
        {
            if (Fail("Deleting a log segment failed", e) is { } failed) throw failed;
            throw;
        }
    }

    /// <summary>
    /// The groups that must take a snapshot so that the oldest segment can go, in ascending order; empty when nothing but
    /// <see cref="DeleteObsoleteSegments"/> is needed, or when there is only the segment being written.
    /// </summary>
    public IReadOnlyList<uint> GroupsHoldingOldestSegment()
    {
        var groups = new List<uint>();
        if (_segments.Count > 1)
        {
            foreach (var state in _ledger.Groups.Values)
                if (state.Spans.Count > 0 && state.Spans[0].Segment == _segments[0].Number) groups.Add(state.Group);
            groups.Sort();
        }
        return groups;
    }

    /// <summary>Closes the files. What was appended and not flushed is gone.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        _writer?.Dispose();
    }

    private void PlaceFrame(int recordBytes)
    {
        var open = _pending.OpenFrameBytes;
        if (open >= 0 && (long)open + recordBytes <= _options.MaxFrameBytes && _plannedOffset + recordBytes <= _plannedLimit)
        {
            _plannedOffset += recordBytes;
            return;
        }
        var frameBytes = (long)_layout.OverheadBytes + recordBytes;
        if (_plannedOffset + frameBytes > _plannedLimit) PlanSegment(frameBytes);
        _pending.StartFrame();
        _plannedOffset += frameBytes;
    }

    // The checkpoint restates what is in earlier segments, pending frames included: those are synced before it is written.
    private void PlanSegment(long firstFrameBytes)
    {
        _checkpoint.Reset();
        _ledger.WriteCheckpoint(_checkpoint);
        var checkpointBytes = (long)_layout.OverheadBytes + _checkpoint.Bytes;
        // Twice the checkpoint: with many groups and small segments, most of a segment must still be commits.
        _plannedLimit = Math.Max(_options.SegmentBytes, SegmentHeader.Bytes + checkpointBytes * 2 + firstFrameBytes);
        _plannedSegment++;
        _plannedOffset = SegmentHeader.Bytes + checkpointBytes;
        _pending.StartSegment(_plannedLimit);
        _pending.Add(_checkpoint.Records);
    }

    private void WriteFrame(PendingFrame frame)
    {
        var framed = _pending.Framed(frame);
        if (frame.Kind == FrameKind.Checkpoint)
        {
            var number = _segments.Count == 0 ? 1 : _segments[^1].Number + 1;
            var next = SegmentWriter.Create(_disk, _options, number, frame.SegmentBytes, _nextSequence, framed);
            _writer?.Dispose();
            _writer = next;
            _segments.Add(new SegmentExtent(number, next.Offset, frame.SegmentBytes));
        }
        else
        {
            _writer!.WriteFrame(framed, _nextSequence);
            _segments[^1].WrittenBytes = _writer.Offset;
        }
        _nextSequence++;
    }

    private InvalidOperationException Break(string violation)
    {
        var broken = new InvalidOperationException($"A record breaks the log's rules: {violation}. Nothing of its batch was written.");
        _failure = broken;
        return broken;
    }

    // Whatever went wrong, what is on the disk is unknown now. Null when the cause is to go on as it is.
    private LogFailedException? Fail(string what, Exception cause)
    {
        _failure = cause;
        return cause is IOException or UnauthorizedAccessException ? new LogFailedException(what, cause) : null;
    }

    private void ThrowIfUnusable()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_failure is not null) throw new LogFailedException("The log failed before", _failure);
    }
}
