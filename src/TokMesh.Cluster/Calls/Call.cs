using TokMesh.State.Errors;
using TokMesh.State.Names;
using TokMesh.State.Replies;

namespace TokMesh.Cluster.Calls;

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

    /// <summary>As nodes tell each other: 0 for linearizable, the greatest number for local, else the bound.</summary>
    internal ulong OnWire => Level switch
    {
        ConsistencyLevel.Local => ulong.MaxValue,
        ConsistencyLevel.Bounded => (ulong)MaxStalenessMs,
        _ => 0,
    };

    /// <summary>What <see cref="OnWire"/> was made of.</summary>
    internal static Consistency FromWire(ulong number) => number switch
    {
        0 => Linearizable,
        ulong.MaxValue => new Consistency(ConsistencyLevel.Local),
        _ => new Consistency(ConsistencyLevel.Bounded, (int)Math.Min(number, int.MaxValue)),
    };
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

    /// <summary>
    /// Whether an answer that is a <see cref="NamePointer"/> is followed: the same is asked of the shard of the user it names, and what that
    /// answers is the answer.
    /// </summary>
    public bool FollowsPointer { get; init; }

    /// <summary>How it ended.</summary>
    public CallOutcome Outcome { get; private set; }

    /// <summary>Why it failed or is unknown.</summary>
    public ErrorCode Error { get; private set; }

    /// <summary>The reply, in the state machine's encoding, when answered.</summary>
    public ReadOnlyMemory<byte> Reply { get; private set; }

    /// <summary>The epoch of its first way to a leader; zero while it has not left the router.</summary>
    internal ulong FirstEpoch { get; set; }

    /// <summary>Brings the call to the shard that a pointer names; set on its way to the first.</summary>
    internal ICallRouter? Router { get; set; }

    /// <summary>Whether the group it was sent to has nothing more to do for it.</summary>
    internal bool IsDone => Outcome != CallOutcome.Pending || _isPassedOn;

    private bool _isPassedOn;

    internal void Answer(ReadOnlyMemory<byte> reply)
    {
        if (IsDone) return;
        if (FollowsPointer && Router is { } router && reply.Span[0] == (byte)ReplyTag.NamePointer)
        {
            _isPassedOn = true;
            router.Submit(new Call
            {
                Group = router.GroupOfUser(new ReplyReader(reply.Span).NamePointer().UserId.Span),
                Kind = Kind,
                Body = Body,
                DeadlineMs = DeadlineMs,
                Consistency = Consistency,
                Owner = new PassedOn(this),
            });
            return;
        }
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

    /// <summary>Ends a call as its successor in another group has ended.</summary>
    private sealed class PassedOn(Call first) : ICallOwner
    {
        public void Completed(Call call)
        {
            (first.Reply, first.Error, first.Outcome) = (call.Reply, call.Error, call.Outcome);
            first.Owner?.Completed(first);
        }
    }
}
