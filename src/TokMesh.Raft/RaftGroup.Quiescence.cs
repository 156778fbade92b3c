using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;
using TokMesh.Raft.Outputs;
using TokMesh.Raft.Wire;

namespace TokMesh.Raft;

// Silence of idle groups: what costs nothing can be had by the hundred. A leader with nothing to do says so in its heartbeats; once
// every follower has answered that it has the whole log and is quiescent too, nobody of the group keeps time any more. That is about
// liveness only: no promise is made by it or lasts longer for it, so leases lapse and a quiescent leader asks before it reads.
// Who watches instead is the host, for all groups of a node at once.
public sealed partial class RaftGroup
{
    // Until when a leader of whom nothing bad is known is presumed to live, after somebody broke the silence. No promise: it can be
    // taken back.
    private long _presumedUntil = long.MinValue;

    /// <summary>Whether it only follows the time and does nothing until a message, a call or the host wakes it.</summary>
    public bool IsQuiescent { get; private set; }

    /// <summary>
    /// Somebody needs the group. A quiescent leader speaks again; a quiescent follower asks its leader for a sign, and campaigns if none
    /// comes within an election timeout. A group that is awake stays so.
    /// </summary>
    public void Wake(long nowMs)
    {
        _now = Math.Max(_now, nowMs);
        if (Role == Role.Leader)
        {
            _lead!.Woken(_now, wasQuiescent: IsQuiescent);
            IsQuiescent = false;
            return;
        }
        if (!IsQuiescent) return;
        IsQuiescent = false;
        _presumedUntil = _now + _options.ElectionTimeoutMs;
        _timer.Restart(_now);
        _pending.Add(To(Leader, MessageType.HeartbeatReply) with { Clock = _now + 1 }, HardStateWrite, Term);
    }

    /// <summary>
    /// The host takes the node of a quiescent follower's leader for lost, or for started again: the follower campaigns soon. A hint: while
    /// others still hear that node they refuse their votes, and nothing happens. Does nothing to a group that keeps time itself.
    /// </summary>
    public void LeaderLost(long nowMs)
    {
        _now = Math.Max(_now, nowMs);
        if (Role == Role.Leader || !(IsQuiescent || _now < _presumedUntil)) return;
        IsQuiescent = false;
        _presumedUntil = _now;
        _timer.LeaderLost(_now);
    }

    /// <summary>A message reached a quiescent member.</summary>
    private void WakeFor(in Message m)
    {
        if (Role == Role.Leader)
        {
            // One that was under way when the last follower became quiescent.
            if (m.Type == MessageType.HeartbeatReply && m.QuiescentTerm > Term.Zero) return;
            // Members that were left out may ask forever; they need no answer.
            if (Configuration.Contains(m.From)) Wake(_now);
        }
        else if (m.From == Leader)
        {
            // What the leader sends is dealt with by its handler; if it asks for votes, it leads no more.
            if (m.Type != MessageType.Heartbeat) IsQuiescent = false;
            if (m.Type is MessageType.PreVote or MessageType.Vote) _timer.Restart(_now);
        }
        else if (Configuration.Contains(m.From)) Wake(_now);
    }

    /// <summary>Becomes quiescent if the leader's heartbeat allows it and nothing is missing here.</summary>
    private bool TryBecomeQuiescent(in Message heartbeat) =>
        IsQuiescent = heartbeat.QuiescentTerm > Term.Zero && _log.Last == heartbeat.LeaderCommit && _log.LastTerm == heartbeat.QuiescentTerm
            && _log.Applied == _log.Last && !_installing && _receiving is null;
}
