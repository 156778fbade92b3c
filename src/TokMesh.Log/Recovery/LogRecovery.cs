using TokMesh.Log.Writing;

namespace TokMesh.Log.Recovery;

/// <summary>What opening a log found.</summary>
public sealed class LogRecovery
{
    internal LogRecovery(IReadOnlyDictionary<uint, RecoveredGroup> groups, LogScan scan)
    {
        Groups = groups;
        TornTail = scan.TornTail;
        Notes = new Dictionary<uint, byte[]>(scan.Replay.Ledger.Notes);
        Sequence = scan.NextSequence - 1;
        NewestSegment = scan.Segments.LastOrDefault()?.Number ?? 0;
    }

    /// <summary>Every group that lives on this node.</summary>
    public IReadOnlyDictionary<uint, RecoveredGroup> Groups { get; }

    /// <summary>What the owner noted about the node as a whole (<see cref="LogBatch.AppendNote"/>).</summary>
    public IReadOnlyDictionary<uint, byte[]> Notes { get; }

    /// <summary>
    /// Number of the last write that was found; zero in a new log. Each write of the log, whatever it holds, has the number after the
    /// one before it, so that a log which ends at a smaller one than it once did has lost something.
    /// </summary>
    public ulong Sequence { get; }

    /// <summary>Number of the newest segment that was found; zero when there was no log.</summary>
    public uint NewestSegment { get; }

    /// <summary>What a crash had left unfinished at the log's end and was cut, if anything. It was never acknowledged.</summary>
    public TornTail? TornTail { get; }
}
