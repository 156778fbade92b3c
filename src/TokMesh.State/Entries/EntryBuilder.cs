using System.Buffers;
using TokMesh.State.Wire;

namespace TokMesh.State.Entries;

/// <summary>
/// Builds the body of a Raft entry: <c>stamp:i64 LE (Unix ms)</c>, then sections (<see cref="SectionWriter"/>). Reusable;
/// not safe for two threads.
/// </summary>
/// <param name="canApply">Tells an operation that the group's state machine can apply; for shards <see cref="OpFormat.IsWellFormed"/>.</param>
public sealed class EntryBuilder(OpCheck canApply)
{
    private readonly ArrayBufferWriter<byte> _body = new(4096);

    /// <summary>The entry so far; valid until the next <see cref="Start"/>.</summary>
    public ReadOnlyMemory<byte> Written => _body.WrittenMemory;

    /// <summary>Operations appended since <see cref="Start"/>.</summary>
    public int OpCount { get; private set; }

    /// <summary>Begins an entry. <paramref name="stampMs"/> is the leader's clock, Unix milliseconds.</summary>
    public void Start(long stampMs)
    {
        _body.ResetWrittenCount();
        OpCount = 0;
        _body.WriteInt64(stampMs);
    }

    /// <summary>Appends operations of one origin, numbered from <paramref name="firstSeq"/>.</summary>
    public void Append(ulong origin, ulong floor, ulong firstSeq, params ReadOnlySpan<ReadOnlyMemory<byte>> ops)
    {
        SectionWriter.WriteHead(_body, origin, floor, firstSeq, ops.Length);
        foreach (var op in ops) SectionWriter.WriteOp(_body, op.Span);
        OpCount += ops.Length;
    }

    /// <summary>
    /// Appends one or more sections as another node encoded them. False, and nothing appended, when they are malformed: what
    /// is refused here costs its sender an error, what slips into the log would stop every replica.
    /// </summary>
    public bool TryAppendRaw(ReadOnlySpan<byte> sections)
    {
        if (!EntryReader.TryCountOps(sections, canApply, out var ops)) return false;
        _body.Write(sections);
        OpCount += ops;
        return true;
    }
}
