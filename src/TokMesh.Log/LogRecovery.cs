namespace TokMesh.Log;

/// <summary>What opening a log found.</summary>
public sealed class LogRecovery
{
    internal LogRecovery(IReadOnlyDictionary<uint, RecoveredGroup> groups, TornTail? tornTail)
    {
        Groups = groups;
        TornTail = tornTail;
    }

    /// <summary>Every group that lives on this node.</summary>
    public IReadOnlyDictionary<uint, RecoveredGroup> Groups { get; }

    /// <summary>What a crash had left unfinished at the log's end and was cut, if anything. It was never acknowledged.</summary>
    public TornTail? TornTail { get; }
}
