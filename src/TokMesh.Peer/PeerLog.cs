using Microsoft.Extensions.Logging;

namespace TokMesh.Peer;

/// <summary>What the peer engine says to the operator.</summary>
internal sealed partial class PeerLog(ILogger logger)
{
    [LoggerMessage(3001, LogLevel.Warning, "Link to {NodeId} at {Address}: {Problem}")]
    public partial void LinkTrouble(string nodeId, string address, string problem);

    [LoggerMessage(3002, LogLevel.Error, "Link to {NodeId} at {Address} refused ({Code}): {Problem}")]
    public partial void Refused(string nodeId, string address, string code, string problem);

    [LoggerMessage(3003, LogLevel.Error, "Refused node {NodeId} ({Code}): {Problem}")]
    public partial void RefusedPeer(string nodeId, string code, string problem);

    [LoggerMessage(3004, LogLevel.Warning, "A connection from {Remote} sent something unreadable: {Problem}")]
    public partial void BadPeer(string remote, string problem);

    [LoggerMessage(3005, LogLevel.Information, "Link to {NodeId} is up")]
    public partial void LinkUp(string nodeId);

    [LoggerMessage(3006, LogLevel.Warning, "Link to {NodeId} is down")]
    public partial void LinkDown(string nodeId);

    [LoggerMessage(3007, LogLevel.Information, "Looking for a cluster: {Found} of {Expected} nodes found")]
    public partial void Looking(int found, int expected);

    [LoggerMessage(3008, LogLevel.Information, "Founded cluster {ClusterId} with {Nodes} nodes")]
    public partial void Founded(Guid clusterId, int nodes);

    [LoggerMessage(3010, LogLevel.Warning, "Closed {Count} connections at the port for other nodes: {Most} that have not introduced themselves are open. Look who opens them")]
    public partial void StrangersRefused(long count, int most);

    [LoggerMessage(3009, LogLevel.Information, "Joined cluster {ClusterId}")]
    public partial void Joined(Guid clusterId);
}
