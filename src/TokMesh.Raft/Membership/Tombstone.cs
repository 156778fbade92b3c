using System.Buffers;
using TokMesh.Raft.Log;

namespace TokMesh.Raft.Membership;

/// <summary>
/// What a member keeps of a group that it was removed from, when everything else is deleted. Should it be taken in again, it votes for
/// nobody who lacks the removal, as it would have done with the log that it no longer has; and what it acknowledged before, in earlier terms, is
/// counted by no leader that hears of its term.
/// </summary>
/// <param name="Term">Above every term that it has seen, so that it has no vote given in it.</param>
/// <param name="Index">Where the membership without it stands in the group's log; committed there.</param>
/// <param name="LogTerm">Term of a leader that had committed in it, and had committed that entry: no later leader's log ends in an earlier term.</param>
public readonly record struct Tombstone(Term Term, LogIndex Index, Term LogTerm)
{
    /// <summary>Whether a log that ends there holds the removal.</summary>
    public bool IsReachedBy(LogIndex last, Term lastTerm) => RaftLog.IsUpToDate(last, lastTerm, Index, LogTerm);

    /// <summary>The binary form: three varints.</summary>
    public byte[] Encode()
    {
        var buffer = new ArrayBufferWriter<byte>();
        foreach (var number in (ReadOnlySpan<ulong>)[Term.Value, Index.Value, LogTerm.Value]) Varint.Write(buffer, number);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads the binary form.</summary>
    /// <exception cref="FormatException">The bytes are not a tombstone.</exception>
    public static Tombstone Decode(ReadOnlySpan<byte> input) => new(new Term(Varint.Read(ref input)), new LogIndex(Varint.Read(ref input)), new Term(Varint.Read(ref input)));
}
