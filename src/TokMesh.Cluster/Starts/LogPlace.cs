using TokMesh.Cluster.Errors;
using TokMesh.Log.Disks;
using TokMesh.Log.Recovery;

namespace TokMesh.Cluster.Starts;

/// <summary>What stands in a node's directory beside its log, so that a log that is missing or too old is noticed.</summary>
/// <param name="Start">Number of the last start that was written to the log.</param>
/// <param name="Segment">Number of the newest segment of the log at that time, or begun since.</param>
public sealed record LogMemory(ulong Start, uint Segment);

/// <summary>Where a node's log is, and what is known of it from elsewhere.</summary>
/// <param name="Disk">The log's own directory, locked by the caller.</param>
/// <param name="Key">32 bytes to encrypt with; null for plain files.</param>
public sealed record LogPlace(IDisk Disk, byte[]? Key = null)
{
    /// <summary>What was remembered last; null when no log was ever begun here.</summary>
    public LogMemory? Memory { get; init; }

    /// <summary>Remembers; durable when it returns. Called before the node speaks, and whenever a segment is begun.</summary>
    public Action<LogMemory> Remember { get; init; } = static _ => { };

    /// <summary>Whether what was found is the log that is remembered.</summary>
    /// <exception cref="LogForgottenException">It is not; nothing was changed.</exception>
    internal void Check(LogRecovery found)
    {
        if (Memory is not { } memory) return;
        if (found.NewestSegment == 0)
            throw new LogForgottenException("a log was begun here, and there is none");
        if (found.NewestSegment < memory.Segment)
            throw new LogForgottenException($"its newest segment is {found.NewestSegment}, and segment {memory.Segment} was begun");
        var start = StartHistory.Decode(found.Notes.GetValueOrDefault(StartHistory.Note)).Current.Number;
        if (start < memory.Start)
            throw new LogForgottenException($"it knows of start {start}, and start {memory.Start} was written to it");
    }
}

/// <summary>
/// A log is not the one that its directory knows: it was deleted, emptied, or replaced by an older copy. The node must not start on it: it
/// has forgotten votes and entries that others count on.
/// </summary>
public sealed class LogForgottenException : Exception
{
    internal LogForgottenException(string what)
        : base($"{Codes.LogLost}: This node's log is missing, or an older copy: {what}. What it promised to the others is not in it, so it does not start. Nothing was changed. "
               + "Put back the log directory it last ran with, beside the node.json and genesis.json that belong to it. If that is lost, leave this node out: the others serve while they are a majority.")
    {
    }
}
