using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Starts;

namespace TokMesh.Cluster.Joining;

/// <summary>Decides by what it says who may connect. Both sides of every connection ask it, so both say the same.</summary>
public static class HelloJudge
{
    /// <summary>Oldest protocol version this node speaks.</summary>
    public const int MinVersion = 2;

    /// <summary>Newest protocol version this node speaks.</summary>
    public const int MaxVersion = 2;

    /// <summary>Null when the speaker may connect, else why not.</summary>
    /// <param name="self">This node.</param>
    /// <param name="bootstrap">This node's cluster, if it has one.</param>
    /// <param name="hello">What the other side said.</param>
    /// <param name="certifiedAs">The node id its certificate stands for; null without TLS.</param>
    /// <param name="map">What this node has heard of its cluster's members; null before it runs.</param>
    /// <param name="mayJoin">Whether one that is no member is heard, because it asks to become one.</param>
    public static HelloRefusal? Judge(Candidate self, Bootstrap? bootstrap, Hello hello, string? certifiedAs, ClusterMap? map = null, bool mayJoin = false)
    {
        var other = hello.Self;
        if (!NodeIdentity.IsNodeId(other.NodeId))
            return new HelloRefusal(Codes.NodeConflict, "A node introduced itself with something that is no node id: tmnd- and up to 64 of 0-9 a-z . -.", true);
        if (hello.MinVersion > MaxVersion || hello.MaxVersion < MinVersion)
            return new HelloRefusal(Codes.Incompatible, $"Node {other.NodeId} speaks protocol versions {hello.MinVersion} to {hello.MaxVersion}, node {self.NodeId} {MinVersion} to {MaxVersion}: bring both to releases that overlap.", true);
        if (certifiedAs is not null && certifiedAs != other.NodeId)
            return new HelloRefusal(Codes.NodeConflict, $"A node calls itself {other.NodeId} and shows a certificate for {certifiedAs}: give every node a certificate of its own.", true);
        if (other.NodeId == self.NodeId)
            return other.DirectoryId == self.DirectoryId
                ? new HelloRefusal(Codes.NodeConflict, $"Node {self.NodeId} reached itself: its own address is among its seeds or another node's.", false)
                : new HelloRefusal(Codes.NodeConflict, $"Node id {self.NodeId} is in use by two data directories: give one node another id.", true);
        if (bootstrap is null) return null;
        if (hello.ClusterId is { } cluster && cluster != bootstrap.ClusterId)
            return new HelloRefusal(Codes.Incompatible, $"Node {other.NodeId} belongs to cluster {cluster}, node {self.NodeId} to {bootstrap.ClusterId}: check seeds and data directories.", true);
        var listed = (map?.Members ?? bootstrap.Nodes).FirstOrDefault(n => n.NodeId == other.NodeId);
        if (listed is null && mayJoin) return null;
        // It was taken in a moment ago, and word of that has not come here.
        if (listed is null && hello.Number >= (map?.NextNumber ?? (uint)bootstrap.Nodes.Count + 1))
            return new HelloRefusal(Codes.NoLeader, $"Node {self.NodeId} has not heard yet that node {other.NodeId} is a member.", false);
        if (listed is null)
            return new HelloRefusal(Codes.NodeConflict, $"Node {other.NodeId} is not a member of cluster {bootstrap.ClusterId}.", true);
        if (listed.DirectoryId != other.DirectoryId)
            return new HelloRefusal(Codes.NodeConflict, $"Node id {other.NodeId} belongs to another data directory. What that directory promised is not in this one: restore it, or use a new node id.", true);
        return null;
    }

    /// <summary>Null when the speaker is of the data directory for which it has proved to speak, else why not.</summary>
    public static HelloRefusal? JudgeDirectory(Hello hello, Guid proved) => hello.Self.DirectoryId == proved ? null
        : new HelloRefusal(Codes.NodeConflict, $"A node calls itself {hello.Self.NodeId} with another data directory than it has proved to have.", true);

    /// <summary>What is said of a node that does not run yet: its past is not known.</summary>
    public static HelloRefusal Starting(string nodeId) => new(Codes.NoLeader, $"Node {nodeId} is starting.", false);
}
