namespace TokMesh.Raft.Log;

/// <summary>What an entry carries. Numbers are on disk and on the wire: they may only grow.</summary>
public enum EntryType : byte
{
    /// <summary>A command of the state machine; an empty payload is the no-op a new leader begins its term with.</summary>
    Command = 0,

    /// <summary>A membership change.</summary>
    Configuration = 1,
}

/// <summary>One entry of a group's log.</summary>
/// <param name="Index">Position in the log.</param>
/// <param name="Term">Term of the leader that proposed it.</param>
/// <param name="Type">What the payload is.</param>
/// <param name="Payload">The bytes. The proposer gives them up: nobody writes to them any more.</param>
public readonly record struct Entry(LogIndex Index, Term Term, EntryType Type, ReadOnlyMemory<byte> Payload);

/// <summary>What a member must remember across a crash besides its log (Raft paper, figure 2).</summary>
/// <param name="Term">Newest term seen.</param>
/// <param name="Vote">Whom it voted for in that term.</param>
public readonly record struct HardState(Term Term, MemberId Vote);
