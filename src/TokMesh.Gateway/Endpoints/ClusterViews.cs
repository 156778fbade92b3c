using System.Globalization;
using System.Text.Json.Serialization;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Health;
using TokMesh.Cluster.Nodes;
using TokMesh.Cluster.Replicas;
using TokMesh.Raft.Log;
using TokMesh.Raft.Outputs;

namespace TokMesh.Gateway.Endpoints;

/// <summary>The cluster as one node sees it.</summary>
internal sealed record ClusterStatus
{
    public required Guid ClusterId { get; init; }

    public required string NodeId { get; init; }

    public required uint Number { get; init; }

    /// <summary>OK, DEGRADED or CRITICAL.</summary>
    public required string Health { get; init; }

    public required int Nodes { get; init; }

    public required int NodesDown { get; init; }

    public required NodeName? MetaLeader { get; init; }

    public required int ShardCount { get; init; }

    public required ReplicationFactorView ReplicationFactor { get; init; }

    public required ThisNodeView ThisNode { get; init; }

    public required ConditionView[] Conditions { get; init; }

    public required ReportView[] Reports { get; init; }

    public required string[] Warnings { get; init; }
}

/// <summary>A node by its number and its id.</summary>
internal sealed record NodeName(uint Number, string NodeId)
{
    public static NodeName? Of(Node node, MemberId number) => number.IsNone ? null : new(number.Value, node.NodeIdOf(number) ?? "");
}

/// <summary>Replicas of each shard: as was asked for, and as there are.</summary>
internal sealed record ReplicationFactorView(int Configured, int Effective);

/// <summary>What the node that answers carries.</summary>
internal sealed record ThisNodeView(int Replicas, int Leads, int WithoutLeader, bool ClockTrusted, double ClockOffsetMs);

/// <summary>Something that is wrong.</summary>
internal sealed record ConditionView(string Code, string Severity, NodeName? Node, int Groups, IReadOnlyList<uint> Examples, string Text, long Since, uint[] ReportedBy)
{
    public static ConditionView Of(Node node, SharedCondition shared)
    {
        var condition = shared.Condition;
        return new(condition.Code.ToText(), condition.Severity.ToString().ToLowerInvariant(), NodeName.Of(node, condition.Subject), condition.Groups, condition.Examples,
            condition.Describe(n => node.NodeIdOf(n) ?? ""), condition.SinceMs, [.. shared.ReportedBy.Select(static n => n.Value)]);
    }
}

/// <summary>How old what another node said is, in milliseconds; null when it has said nothing.</summary>
internal sealed record ReportView(uint Number, long? AgeMs, bool Stale);

/// <summary>All members.</summary>
internal sealed record MemberList(Guid ClusterId, MemberView[] Members);

/// <summary>A member, and how the node that answers sees it.</summary>
internal sealed record MemberView(uint Number, string NodeId, string Peer, string Http, string Redis, string Liveness, long? Since, double? ClockOffsetMs, long MemberSince,
    string State, string Zone, int Shards, bool IsMetaVoter, bool IsMetaLeader, int Leads);

/// <summary>The replicas of the node that answers; not complete when one of its lanes did not say.</summary>
internal sealed record ReplicaList(string NodeId, bool Complete, ReplicaView[] Replicas);

/// <summary>One replica.</summary>
internal sealed record ReplicaView(uint Group, string Role, uint Leader, ulong Term, ulong LastIndex, ulong CommitIndex, ulong AppliedIndex, int Sessions, int Keys,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Digest)
{
    public static ReplicaView Of(ReplicaStatus replica) => new(replica.Group, RoleText(replica.Role), replica.Leader.Value, replica.Term.Value, replica.LastIndex.Value,
        replica.CommitIndex.Value, replica.AppliedIndex.Value, replica.Sessions, replica.Keys, replica.Digest?.ToString("x16", CultureInfo.InvariantCulture));

    private static string RoleText(Role role) => role switch
    {
        Raft.Outputs.Role.Leader => "leader",
        Raft.Outputs.Role.Candidate => "candidate",
        Raft.Outputs.Role.PreCandidate => "pre_candidate",
        _ => "follower",
    };
}
