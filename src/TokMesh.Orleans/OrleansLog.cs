using Microsoft.Extensions.Logging;

namespace TokMesh.Orleans;

/// <summary>What the Orleans engine says to the operator.</summary>
internal sealed partial class OrleansLog(ILogger logger)
{
    [LoggerMessage(6001, LogLevel.Warning, "Link to {NodeId}: {Problem}")]
    public partial void LinkTrouble(string nodeId, string problem);

    [LoggerMessage(6002, LogLevel.Error, "Link to {NodeId} refused ({Code}): {Problem}")]
    public partial void Refused(string nodeId, string code, string problem);

    [LoggerMessage(6003, LogLevel.Error, "Refused node {NodeId} ({Code}): {Problem}")]
    public partial void RefusedNode(string nodeId, string code, string problem);

    [LoggerMessage(6004, LogLevel.Error, "Node {NodeId} sent frames that cannot be read: {Problem}")]
    public partial void BadFrames(string nodeId, string problem);

    [LoggerMessage(6005, LogLevel.Information, "Link to {NodeId} is up")]
    public partial void LinkUp(string nodeId);

    [LoggerMessage(6006, LogLevel.Warning, "Link to {NodeId} is down")]
    public partial void LinkDown(string nodeId);

    [LoggerMessage(6007, LogLevel.Warning, "Something {NodeId} sent was lost on the way; open calls to it are made anew")]
    public partial void PiecesLost(string nodeId);

    [LoggerMessage(6008, LogLevel.Information, "Looking for a cluster: {Found} of {Expected} nodes found")]
    public partial void Looking(int found, int expected);

    [LoggerMessage(6009, LogLevel.Information, "Joined cluster {ClusterId}")]
    public partial void Joined(Guid clusterId);

    [LoggerMessage(6010, LogLevel.Information, "This node is member {Number} of the cluster: it holds meta without a vote, and no replica of a shard yet")]
    public partial void BecameMember(uint number);

    [LoggerMessage(6011, LogLevel.Warning, "The cluster's beginning cannot be looked up yet: {Problem}")]
    public partial void BootstrapTrouble(string problem);

    [LoggerMessage(6013, LogLevel.Warning, "The cluster cannot take this node in yet: {Problem}")]
    public partial void JoinTrouble(string problem);

    [LoggerMessage(6012, LogLevel.Critical, "The TokMesh node of this silo does not start: {Problem}")]
    public partial void NotStarted(string problem);
}
