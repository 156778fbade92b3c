using TokMesh.Log.Writing;

namespace TokMesh.Cluster.Starts;

/// <summary>Numbers of the notes in a node's log (<see cref="LogBatch.AppendNote"/>): 0 are its own starts, from 1 on what it knows of members.</summary>
internal static class LogNotes
{
    private const uint FirstTombstone = 1u << 31;

    /// <summary>The note of what is kept of a group that this node was removed from.</summary>
    public static uint OfTombstone(uint group) => FirstTombstone | group;

    /// <summary>Whether a note is about a member.</summary>
    public static bool IsOfMember(uint number) => number is > StartHistory.Note and < FirstTombstone;
}
