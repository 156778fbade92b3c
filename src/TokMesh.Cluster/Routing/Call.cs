using TokMesh.State;

namespace TokMesh.Cluster;

/// <summary>How fresh a read must be.</summary>
public enum ConsistencyLevel : byte
{
    /// <summary>Sees every write acknowledged before the read began.</summary>
    Linearizable,

    /// <summary>At most so many milliseconds behind.</summary>
    Bounded,

    /// <summary>Whatever the nearest replica has.</summary>
    Local,
}

/// <summary>A consistency level and, when bounded, its bound in milliseconds.</summary>
public readonly record struct Consistency(ConsistencyLevel Level, int MaxStalenessMs = 0)
{
    /// <summary>The default.</summary>
    public static readonly Consistency Linearizable;
}

/// <summary>What a call does to a shard.</summary>
public enum CallKind : byte
{
    /// <summary>An operation that goes through the shard's log.</summary>
    Write,

    /// <summary>A query.</summary>
    Read,

    /// <summary>A query that only the leader answers, since it notes something down there (a touch).</summary>
    LeaderRead,
}

/// <summary>How a call ended.</summary>
public enum CallOutcome : byte
{
    /// <summary>Not ended yet.</summary>
    Pending,

    /// <summary>The shard answered; the reply may still be an error of its own rules.</summary>
    Answered,

    /// <summary>Nothing happened, and nothing will.</summary>
    Failed,

    /// <summary>It may have happened, or may still happen.</summary>
    Unknown,
}

/// <summary>Hears of calls that end. Called by a lane: it must not block.</summary>
public interface ICallOwner
{
    /// <summary>The call has ended; its result is in it.</summary>
    void Completed(Call call);
}

/// <summary>One operation or query on its way to a group and back. Filled in by the caller, then owned by the lane until it ends.</summary>
public sealed class Call
{
    /// <summary>The group that must answer.</summary>
    public required uint Group { get; init; }

    /// <summary>What it does.</summary>
    public required CallKind Kind { get; init; }

    /// <summary>The operation or query, in the state machine's own encoding.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Monotonic milliseconds after which the caller no longer waits. Always set.</summary>
    public required long DeadlineMs { get; init; }

    /// <summary>Of a read: how fresh.</summary>
    public Consistency Consistency { get; init; }

    /// <summary>Told at the end; null when nobody waits.</summary>
    public ICallOwner? Owner { get; init; }

    /// <summary>How it ended.</summary>
    public CallOutcome Outcome { get; private set; }

    /// <summary>Why it failed or is unknown.</summary>
    public ErrorCode Error { get; private set; }

    /// <summary>The reply, in the state machine's encoding, when answered.</summary>
    public ReadOnlyMemory<byte> Reply { get; private set; }

    /// <summary>The epoch of its first way to a leader; zero while it has not left the router.</summary>
    internal ulong FirstEpoch { get; set; }

    internal bool IsDone => Outcome != CallOutcome.Pending;

    internal void Answer(ReadOnlyMemory<byte> reply)
    {
        if (IsDone) return;
        Reply = reply;
        Outcome = CallOutcome.Answered;
        Owner?.Completed(this);
    }

    internal void Fail(CallOutcome outcome, ErrorCode error)
    {
        if (IsDone) return;
        Error = error;
        Outcome = outcome;
        Owner?.Completed(this);
    }
}
