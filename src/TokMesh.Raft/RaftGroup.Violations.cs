using TokMesh.Raft.Log;
using TokMesh.Raft.Outputs;
using TokMesh.Raft.Violations;
using TokMesh.Raft.Wire;

namespace TokMesh.Raft;

// Disks that forget. Raft's promises rest on disks that keep what was synced; one that is rolled back, emptied or copied breaks them
// silently. Three things give it away within a group: a follower refuses what it had acknowledged to this very leader; a follower is told
// of a commit beyond its log, which a leader never says beyond an acknowledgement; a leader contradicts what is known here to be
// committed. A member that sees one of them goes no further: counting such a member could commit by one disk what two had promised.
public sealed partial class RaftGroup
{
    private readonly Exclusions _exclusions = new();
    private (LogViolation Violation, MemberId Leader, LogIndex Index)? _halted;
    private bool _haltUntold;

    /// <summary>Why this member takes part no more; none while it does.</summary>
    public LogViolation Violation => _halted?.Violation ?? LogViolation.None;

    /// <summary>
    /// The host has admitted a member that was started anew, knowing its past: it counts again. A leader asks it first for what it had
    /// acknowledged before it was excluded.
    /// </summary>
    public void Readmit(MemberId member, long nowMs)
    {
        if (!_exclusions.Remove(member)) return;
        Wake(nowMs);
        _lead?.Followers.Find(member)?.Readmit();
    }

    private void Halt(LogViolation violation, MemberId leader, LogIndex index)
    {
        _halted = (violation, leader, index);
        _haltUntold = true;
        SendViolation(leader);
    }

    /// <summary>A member that takes part no more answers only its leaders, who may not know.</summary>
    private void StepHalted(in Message m)
    {
        if (m.Term < Term || !IsFromLeader(m.Type) || m.Type == MessageType.Exclusion) return;
        if (m.Term > Term) BecomeFollower(m.Term, m.From);
        SendViolation(m.From);
    }

    private void SendViolation(MemberId leader)
    {
        var (violation, _, index) = _halted!.Value;
        _pending.Add(To(leader, MessageType.Violation) with { Index = index, Violation = violation }, HardStateWrite, Term);
    }

    private void FlushViolations(IRaftOutput output)
    {
        if (_exclusions.HasUntold) _exclusions.Flush(To(MemberId.None, MessageType.Exclusion), output);
        if (!_haltUntold) return;
        _haltUntold = false;
        output.Halted(_halted!.Value.Violation, _halted.Value.Leader, _halted.Value.Index);
    }
}
