using Microsoft.Extensions.Logging;
using TokMesh.Cluster;
using TokMesh.Raft;

namespace TokMesh.Orleans;

/// <summary>Says what a node's operator must know, in an application that gives the node no watch of its own.</summary>
internal sealed partial class SiloWatch(ILogger<SiloWatch> logger) : INodeWatch
{
    public void LeaderChanged(uint group, Role role, Term term, MemberId leader) => Leader(group, role, term.Value, leader.Value);

    public void BadFrame(MemberId from, string problem) => Unreadable(from.Value, problem);

    public void ClockJudged(bool trusted, double offsetMs)
    {
        if (trusted) ClockBack(offsetMs);
        else ClockOff(offsetMs);
    }

    public void DiskJudged(DiskState state, long waitedMs) => Disk(state, waitedMs);

    public void MemberExcluded(uint group, MemberId follower, LogViolation violation, LogIndex index) => Excluded(follower.Value, group, violation, index.Value);

    public void ReplicaHalted(uint group, MemberId leader, LogViolation violation, LogIndex index) => Halted(group, violation, index.Value, leader.Value);

    [LoggerMessage(6101, LogLevel.Debug, "Group {Group}: {Role} in term {Term}, led by member {Leader}")]
    private partial void Leader(uint group, Role role, ulong term, uint leader);

    [LoggerMessage(6102, LogLevel.Error, "Member {From} sent a frame that cannot be read: {Problem}")]
    private partial void Unreadable(uint from, string problem);

    [LoggerMessage(6103, LogLevel.Critical, "This node's clock is {OffsetMs:F0} ms away from the majority's: it leads no group until the clock is corrected")]
    private partial void ClockOff(double offsetMs);

    [LoggerMessage(6104, LogLevel.Warning, "This node's clock is back with the majority's ({OffsetMs:F0} ms): it may lead again")]
    private partial void ClockBack(double offsetMs);

    [LoggerMessage(6105, LogLevel.Critical, "The log's disk: {State}; it had made no progress for {WaitedMs} ms. While it is not trusted this node leads no group")]
    private partial void Disk(DiskState state, long waitedMs);

    [LoggerMessage(6106, LogLevel.Critical, "Member {Follower} is not counted in group {Group} any more: {Violation} at entry {Index}. Put back the data directory it last ran with")]
    private partial void Excluded(uint follower, uint group, LogViolation violation, ulong index);

    [LoggerMessage(6107, LogLevel.Critical, "This node's replica of group {Group} takes part no more: {Violation} at entry {Index}, under leader {Leader}. Put back the data directories that the nodes last ran with")]
    private partial void Halted(uint group, LogViolation violation, ulong index, uint leader);
}
