using TokMesh.Cluster;
using TokMesh.Raft;

namespace TokMesh.Host;

/// <summary>What the node says to the operator.</summary>
internal sealed partial class NodeLog(ILogger logger) : INodeWatch
{
    public void LeaderChanged(uint group, Role role, Term term, MemberId leader)
    {
        if (role == Role.Leader) Leads(group, term.Value);
        else if (!leader.IsNone) Follows(group, term.Value, leader.Value);
    }

    public void BadFrame(MemberId from, string problem) => UnreadableFrame(from.Value, problem);

    public void ClockJudged(bool trusted, double offsetMs)
    {
        if (trusted) ClockBack(offsetMs);
        else ClockOff(offsetMs);
    }

    public void DiskJudged(DiskState state, long waitedMs)
    {
        if (state == DiskState.Hangs) DiskHangs(waitedMs);
        else if (state == DiskState.Recovers) DiskAnswers(waitedMs);
        else DiskTrusted();
    }

    public void MemberExcluded(uint group, MemberId follower, LogViolation violation, LogIndex index)
    {
        if (violation == LogViolation.AcknowledgedMissing) FollowerForgot(group, follower.Value, index.Value);
        else LeaderContradicted(group, follower.Value, index.Value);
    }

    public void ReplicaHalted(uint group, MemberId leader, LogViolation violation, LogIndex index)
    {
        if (violation == LogViolation.AcknowledgedMissing) Forgot(group, index.Value);
        else Objects(group, leader.Value, index.Value);
    }

    [LoggerMessage(1001, LogLevel.Debug, "Leads group {Group} in term {Term}")]
    private partial void Leads(uint group, ulong term);

    [LoggerMessage(1002, LogLevel.Debug, "Group {Group} is led by member {Leader} in term {Term}")]
    private partial void Follows(uint group, ulong term, uint leader);

    [LoggerMessage(1003, LogLevel.Error, "Member {From} sent a frame that cannot be read: {Problem}")]
    private partial void UnreadableFrame(uint from, string problem);

    [LoggerMessage(1004, LogLevel.Critical, "This node's clock is {OffsetMs:F0} ms away from the majority's: it leads no group until the clock is corrected")]
    private partial void ClockOff(double offsetMs);

    [LoggerMessage(1005, LogLevel.Warning, "This node's clock is back with the majority's ({OffsetMs:F0} ms): it may lead again")]
    private partial void ClockBack(double offsetMs);

    [LoggerMessage(1006, LogLevel.Information, "Node {NodeId} (member {Number}) of cluster {ClusterId} is up: HTTP {Http}, Redis {Redis}, peers {Peer}")]
    public partial void Up(string nodeId, uint number, Guid clusterId, string http, string redis, string peer);

    [LoggerMessage(1007, LogLevel.Warning, "The log ended in a write that was never completed: {Bytes} bytes cut from {File} at {Offset}. Nothing acknowledged was in it")]
    public partial void TornTail(string file, long offset, long bytes);

    [LoggerMessage(1008, LogLevel.Critical, "The node stops: {Problem}")]
    public partial void Stopping(string problem);

    [LoggerMessage(1009, LogLevel.Warning, "The cluster has an even number of nodes ({Nodes}). Meta has {Voters} voters; the other node only listens, so losing {Tolerated} of the voters is survived, one more is not. Shards are not affected")]
    public partial void EvenNodes(int nodes, int voters, int tolerated);

    [LoggerMessage(1010, LogLevel.Warning, "Replication factor {Wanted} exceeds the {Nodes} nodes of the cluster: each shard has {Effective} replicas")]
    public partial void FewNodes(int wanted, int nodes, int effective);

    [LoggerMessage(1011, LogLevel.Information, "Data at rest is encrypted with {Cipher}")]
    public partial void Cipher(string cipher);

    [LoggerMessage(1012, LogLevel.Information, "Nodes speak through the {Engine} engine")]
    public partial void Engine(string engine);

    [LoggerMessage(1013, LogLevel.Critical, "TM-DISK-5031: the log's disk hangs: nothing has come back for {WaitedMs} ms. This node hands over what it leads and stands for nothing until its disk answers")]
    private partial void DiskHangs(long waitedMs);

    [LoggerMessage(1014, LogLevel.Warning, "The log's disk answers again after {WaitedMs} ms. This node leads again when it has done so for a while")]
    private partial void DiskAnswers(long waitedMs);

    [LoggerMessage(1015, LogLevel.Warning, "The log's disk is trusted again: this node may lead")]
    private partial void DiskTrusted();

    [LoggerMessage(1016, LogLevel.Critical, "TM-CLST-4094: member {Follower} lacks entry {Index} of group {Group}, which it had acknowledged: its disk was put back, emptied or replaced. It and its votes are not counted any more. Stop it and put back the data directory it last ran with")]
    private partial void FollowerForgot(uint group, uint follower, ulong index);

    [LoggerMessage(1017, LogLevel.Critical, "TM-CLST-4096: member {Follower} has committed entry {Index} of group {Group}, which this leader contradicts: a majority of the group lost acknowledged entries. Stop the nodes whose data directories were put back, and put back those they last ran with")]
    private partial void LeaderContradicted(uint group, uint follower, ulong index);

    [LoggerMessage(1018, LogLevel.Critical, "TM-CLST-4094: this node's disk lacks entry {Index} of group {Group}, which it had acknowledged")]
    private partial void Forgot(uint group, ulong index);

    [LoggerMessage(1019, LogLevel.Critical, "TM-CLST-4096: leader {Leader} contradicts entry {Index} of group {Group}, which is known here to be committed: a majority of the group lost acknowledged entries. This replica keeps its log and takes part no more. Stop the nodes whose data directories were put back, and put back those they last ran with")]
    private partial void Objects(uint group, uint leader, ulong index);
}
