using Microsoft.Extensions.Logging;

namespace TokMesh.Orleans.Links;

/// <summary>What a node says to its operator of the others, and of strangers.</summary>
internal sealed partial class LinkLog(ILogger logger)
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

    [LoggerMessage(3008, LogLevel.Information, "Began cluster {ClusterId} with {Nodes} nodes")]
    public partial void Began(Guid clusterId, int nodes);

    [LoggerMessage(3009, LogLevel.Information, "Joined cluster {ClusterId}")]
    public partial void Joined(Guid clusterId);

    [LoggerMessage(3010, LogLevel.Warning, "The {Port} port has more connections than it keeps that have not introduced themselves ({Most}, of one address {MostOfOneAddress}): the oldest are closed. Look who opens them")]
    public partial void TooManyStrangers(string port, int most, int mostOfOneAddress);

    [LoggerMessage(3011, LogLevel.Warning, "Closed a connection from {Remote}: {Problem}. If it is a node or an application of this cluster, give it this cluster's secret or certificates")]
    public partial void Stranger(string remote, string problem);

    [LoggerMessage(3012, LogLevel.Warning, "Closed a connection from {Remote} at the {Port} port: {Problem}")]
    public partial void Unwelcome(string remote, string port, string problem);

    [LoggerMessage(3013, LogLevel.Warning, "No connection to the silo at {Remote}: {Problem}")]
    public partial void SiloTrouble(string remote, string problem);

    [LoggerMessage(3014, LogLevel.Information, "This node is member {Number} of the cluster: it holds meta without a vote, and no replica of a shard yet")]
    public partial void BecameMember(uint number);

    [LoggerMessage(3015, LogLevel.Warning, "The cluster has not taken this node in yet: {Problem}")]
    public partial void JoinTrouble(string problem);

    [LoggerMessage(3017, LogLevel.Warning, "Meta has not been told yet where this node is now: {Problem}")]
    public partial void NotTold(string problem);

    [LoggerMessage(3018, LogLevel.Error, "The cluster's first admin key could not be written: {Problem}")]
    public partial void NoAdminKey(string problem);

    [LoggerMessage(3016, LogLevel.Critical, "The TokMesh node does not start: {Problem}")]
    public partial void NotStarted(string problem);
}
