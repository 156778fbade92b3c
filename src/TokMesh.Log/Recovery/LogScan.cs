using TokMesh.Log.Disks;
using TokMesh.Log.Format;
using TokMesh.Log.Writing;

namespace TokMesh.Log.Recovery;

/// <summary>Reads the whole log, changing nothing, and decides what is a crash's trace and what is damage.</summary>
internal sealed class LogScan
{
    public LogReplay Replay { get; } = new();

    public List<SegmentExtent> Segments { get; } = [];

    /// <summary>The header of the segment to go on in; null for a new log.</summary>
    public SegmentHeader? LastHeader { get; private set; }

    /// <summary>Where, in the segment to go on in, begins what one write wrote last.</summary>
    public long LastFrame { get; private set; }

    public ulong NextSequence { get; private set; } = 1;

    /// <summary>A segment that a crash interrupted while it was made: it holds nothing of its own.</summary>
    public string? IncompleteSegment { get; private set; }

    public TornTail? TornTail { get; private set; }

    /// <summary>Reads all segments of <paramref name="disk"/>.</summary>
    /// <exception cref="LogDamagedException">Something durable is gone or altered.</exception>
    /// <exception cref="LogUnreadableException">The key does not fit, or a newer version wrote it.</exception>
    public static LogScan Read(IDisk disk, WriteAheadLogOptions options)
    {
        var numbers = FindSegments(disk);
        var scan = new LogScan();
        SegmentScan? previous = null;
        byte[] buffer = [];
        for (var i = 0; i < numbers.Count; i++)
        {
            var length = Load(disk, SegmentName.Of(numbers[i]), ref buffer);
            var current = SegmentScan.Read(numbers[i], previous, buffer.AsSpan(0, length), options.Key, scan.Replay);
            scan.Add(previous, current, isLast: i == numbers.Count - 1);
            previous = current;
        }
        return scan;
    }

    private void Add(SegmentScan? previous, SegmentScan current, bool isLast)
    {
        var file = SegmentName.Of(current.Number);
        if (!current.HasCheckpoint)
        {
            AddIncomplete(previous, current, isLast, file);
            return;
        }
        if (isLast && current.TailBytes > 0)
        {
            if (current.HasFrameBehind) throw new LogDamagedException(file, current.End, $"frame {current.NextSequence} is broken and whole frames follow it");
            TornTail = new TornTail(file, current.End, current.TailBytes);
        }
        Segments.Add(new SegmentExtent(current.Number, current.End, current.Length));
        LastHeader = current.Header;
        LastFrame = current.LastFrame;
        NextSequence = current.NextSequence;
    }

    // A segment gets its first commit only after it was made durable as a whole. One without a whole header and checkpoint
    // is thus either damaged or was never used; it was never used if it is the last and nothing whole is in it. What its
    // checkpoint would restate is in the segments before it, or is nothing if it is the very first.
    private void AddIncomplete(SegmentScan? previous, SegmentScan current, bool isLast, string file)
    {
        var isExpendable = previous is not null || current.Number == 1;
        if (!isLast || !isExpendable || current.HasFrameBehind)
            throw new LogDamagedException(file, current.End, current.Header is null ? "its header is broken" : "its checkpoint is broken");
        // The one before was complete and synced before this one was begun.
        if (previous is { TailBytes: > 0 })
            throw new LogDamagedException(
                SegmentName.Of(previous.Number), previous.End, $"frame {previous.NextSequence} is broken although a later segment was begun");
        IncompleteSegment = file;
    }

    private static List<uint> FindSegments(IDisk disk)
    {
        var numbers = new List<uint>();
        string? snapshot = null;
        foreach (var name in disk.List())
        {
            if (SegmentName.TryParse(name, out var number)) numbers.Add(number);
            else if (SnapshotName.TryParse(name, out _)) snapshot = name;
        }
        // Without its log a node has forgotten its votes, even if its snapshots are there.
        if (numbers.Count == 0 && snapshot is not null)
            throw new LogDamagedException(SegmentName.Of(1), 0, $"the log's segments are missing, while '{snapshot}' is there");
        numbers.Sort();
        for (var i = 1; i < numbers.Count; i++)
            if (numbers[i] != numbers[i - 1] + 1) throw new LogDamagedException(SegmentName.Of(numbers[i - 1] + 1), 0, "this segment is missing");
        return numbers;
    }

    private static int Load(IDisk disk, string name, ref byte[] buffer)
    {
        using var file = disk.Open(name);
        var length = file.Length;
        if (length > Array.MaxLength) throw new LogDamagedException(name, 0, $"no segment is {length} bytes long");
        if (buffer.Length < length) buffer = new byte[length];
        var read = file.Read(0, buffer.AsSpan(0, (int)length));
        return read == length ? read : throw new IOException($"'{name}' became shorter while it was read.");
    }
}
