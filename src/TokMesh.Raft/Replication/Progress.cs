using TokMesh.Raft.Log;
using TokMesh.Raft.Snapshots;

namespace TokMesh.Raft.Replication;

/// <summary>How a leader feeds a follower.</summary>
public enum ProgressMode : byte
{
    /// <summary>One message at a time until a matching position is found.</summary>
    Probe,

    /// <summary>Optimistic pipelining: the next entries leave before the last ones are acknowledged.</summary>
    Replicate,

    /// <summary>The follower needs entries that are gone; a snapshot is on its way.</summary>
    Snapshot,
}

/// <summary>How a follower stands with its leader.</summary>
/// <param name="Match">Last position known to be on its disk.</param>
/// <param name="SnapshotBytes">Of a snapshot that is on its way to it, bytes it has; zero when none is.</param>
/// <param name="SilentMs">Time since it was last heard, in milliseconds. A group that has become quiescent hears nobody, and needs to hear nobody.</param>
public readonly record struct FollowerStatus(LogIndex Match, long SnapshotBytes, long SilentMs);

/// <summary>A leader's view of one follower. Always <c>Match &lt; Next</c>.</summary>
internal sealed class Progress(MemberId id, LogIndex next, int maxInflight, long maxInflightBytes)
{
    public MemberId Id { get; } = id;

    /// <summary>Last position known to be on the follower's disk.</summary>
    public LogIndex Match { get; private set; }

    /// <summary>Next position to send.</summary>
    public LogIndex Next { get; private set; } = next;

    public ProgressMode Mode { get; private set; } = ProgressMode.Probe;

    public Inflights Inflights { get; } = new(maxInflight, maxInflightBytes);

    /// <summary>A probe is under way; nothing more is sent until it is answered or a heartbeat is.</summary>
    public bool ProbeSent { get; set; }

    /// <summary>Names the probe under way: a refusal that repeats it was said after everything that had been acknowledged before.</summary>
    public ulong ProbeNumber { get; private set; }

    /// <summary>What had been acknowledged when that probe left.</summary>
    public LogIndex ProbedAt { get; private set; }

    /// <summary>Why it is not counted any more.</summary>
    public LogViolation Violation { get; private set; }

    /// <summary>Whether what it says counts.</summary>
    public bool IsCounted => Violation == LogViolation.None;

    /// <summary>When it was last heard, in the leader's milliseconds.</summary>
    public long HeardAt { get; set; } = long.MinValue;

    /// <summary>Newest heartbeat round it has answered.</summary>
    public ulong Round { get; set; }

    /// <summary>Newest heartbeat round in answer to which it became quiescent.</summary>
    public ulong QuiescentRound { get; set; }

    /// <summary>A reading of the follower's clock, which a round at or after <see cref="ClockRound"/> confirms.</summary>
    public long Clock { get; set; }

    public ulong ClockRound { get; set; }

    /// <summary>A reading of the follower's clock at which this member certainly led.</summary>
    public long ConfirmedClock { get; set; }

    /// <summary>Last time an acknowledgement moved <see cref="Match"/> or entries were sent with nothing under way.</summary>
    public long MovedAt { get; set; }

    /// <summary>The snapshot under way in <see cref="ProgressMode.Snapshot"/>, once the runtime has provided it.</summary>
    public SnapshotSend? Snapshot { get; set; }

    public bool CanSend => IsCounted && Mode switch
    {
        ProgressMode.Probe => !ProbeSent,
        ProgressMode.Replicate => !Inflights.IsFull,
        _ => false,
    };

    /// <summary>Takes an acknowledgement; tells whether it said something new.</summary>
    public bool Acknowledge(LogIndex match)
    {
        var moved = match > Match;
        if (moved) Match = match;
        Next = LogIndex.Max(Next, match.Next);
        Inflights.FreeTo(match);
        return moved;
    }

    public void Sent(LogIndex last, long bytes)
    {
        Next = last.Next;
        Inflights.Add(last, bytes);
    }

    public void Probed(ulong number)
    {
        ProbeSent = true;
        (ProbeNumber, ProbedAt) = (number, Match);
    }

    /// <summary>Nothing is sent to it any more, and nothing it says counts.</summary>
    public void Exclude(LogViolation violation)
    {
        BecomeProbe();
        Violation = violation;
    }

    /// <summary>It was started anew: it is asked again whether it has what it acknowledged.</summary>
    public void Readmit()
    {
        BecomeProbe();
        Violation = LogViolation.None;
    }

    public void BecomeProbe()
    {
        Next = Match.Next;
        Change(ProgressMode.Probe);
    }

    public void BecomeReplicate()
    {
        Next = Match.Next;
        Change(ProgressMode.Replicate);
    }

    public void BecomeSnapshot() => Change(ProgressMode.Snapshot);

    /// <summary>
    /// The follower refused position <paramref name="refused"/> and may agree up to <paramref name="hint"/>. Answers to older
    /// messages change nothing. Tells whether it was taken.
    /// </summary>
    public bool Refused(LogIndex refused, LogIndex hint)
    {
        if (Mode == ProgressMode.Replicate)
        {
            if (refused <= Match) return false;
            BecomeProbe();
            return true;
        }
        if (Mode == ProgressMode.Snapshot || Next.Previous != refused) return false;
        Next = LogIndex.Max(LogIndex.Min(refused, hint.Next), Match.Next);
        ProbeSent = false;
        return true;
    }

    private void Change(ProgressMode mode)
    {
        Mode = mode;
        ProbeSent = false;
        Snapshot = null;
        Inflights.Clear();
    }
}
