using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Health;
using TokMesh.Raft.Log;
using TokMesh.Raft.Outputs;

namespace TokMesh.Host;

/// <summary>What the node says to the operator.</summary>
internal sealed partial class NodeLog(ILogger logger) : INodeWatch
{
    /// <summary>The node id of a member, once the cluster is known.</summary>
    public Func<MemberId, string> NodeIdOf { get; set; } = static number => $"number {number.Value}";

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

    public void ConditionChanged(Condition condition, bool isRaised)
    {
        var text = condition.Describe(NodeIdOf);
        if (!isRaised) ConditionOver(condition.Code.ToText(), text);
        else if (condition.Severity == Severity.Critical) ConditionCritical(condition.Code.ToText(), text);
        else if (condition.Severity == Severity.Warning) ConditionWarning(condition.Code.ToText(), text);
        else ConditionInfo(condition.Code.ToText(), text);
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

    [LoggerMessage(1006, LogLevel.Information, "Node {NodeId} (member {Number}) of cluster {ClusterId} is up: HTTP {Http}, Redis {Redis}, silo {Peer}, Orleans clients {Gateway}")]
    public partial void Up(string nodeId, uint number, Guid clusterId, string http, string redis, string peer, string gateway);

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

    [LoggerMessage(1017, LogLevel.Warning, "The {Listener} listener refused {Count} connections: it has as many as it may ({Most}, of one address {MostPerAddress}). {Advice}")]
    public partial void ConnectionsRefused(string listener, long count, int most, int mostPerAddress, string advice);

    [LoggerMessage(1018, LogLevel.Error, "No descriptor is left for another connection (ulimit -n is {Limit}): accepting waits until one is free. Raise it, or look what has them")]
    public partial void NoDescriptor(long limit);

    [LoggerMessage(1019, LogLevel.Warning, "With {Limit} descriptors (ulimit -n) there may be fewer connections than usual: {Shares}. Raise ulimit -n, or set these")]
    public partial void FewDescriptors(long limit, string shares);

    [LoggerMessage(1013, LogLevel.Critical, "{Code}: {Text}")]
    private partial void ConditionCritical(string code, string text);

    [LoggerMessage(1014, LogLevel.Warning, "{Code}: {Text}")]
    private partial void ConditionWarning(string code, string text);

    [LoggerMessage(1015, LogLevel.Information, "{Code}: {Text}")]
    private partial void ConditionInfo(string code, string text);

    [LoggerMessage(1016, LogLevel.Information, "{Code} is over: {Text}")]
    private partial void ConditionOver(string code, string text);
}
