using System.Text.Json;
using System.Text.Json.Serialization;
using TokMesh.Cluster.Placement;
using TokMesh.Raft.Log;
using TokMesh.Raft.Membership;

namespace TokMesh.Cluster.Meta;

/// <summary>How far a member is. In meta's log: numbers are never used again.</summary>
public enum MemberState : byte
{
    /// <summary>It takes part.</summary>
    Active = 0,

    /// <summary>It has been taken in, and does not have all of meta yet.</summary>
    Joining = 1,
}

/// <summary>One node of a cluster.</summary>
/// <param name="Number">Its member number in every group; given once, never used again.</param>
/// <param name="NodeId">Its name, <c>tmnd-…</c>.</param>
/// <param name="DirectoryId">Identity of its data directory: a node whose directory was lost is not the same member any more.</param>
/// <param name="Peer">Address for other nodes, host:port.</param>
/// <param name="Http">Address of its HTTP front end, host:port.</param>
/// <param name="Redis">Address of its Redis front end, host:port.</param>
public sealed record Member(uint Number, string NodeId, Guid DirectoryId, string Peer, string Http, string Redis)
{
    /// <summary>Since when it is a member: Unix time in milliseconds; 0 in a bootstrap, whose nodes are members since it was made.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long SinceMs { get; init; }

    /// <summary>What fails together with it; null when that was not said.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Zone { get; init; }

    /// <summary>How far it is; those a cluster begins with are active.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public MemberState State { get; init; }

    /// <summary>A node as a member.</summary>
    /// <param name="number">Its number; 0 while it has none.</param>
    /// <param name="node">It.</param>
    public static Member Of(uint number, Candidate node) => new(number, node.NodeId, node.DirectoryId, node.Peer, node.Http, node.Redis) { Zone = node.Zone };
}

/// <summary>
/// How a cluster began: decided once, by one node, and stored by every initial node before anything else. Who replicates what at
/// the start follows from it alone, so every node computes the same groups without asking.
/// </summary>
public sealed record Bootstrap
{
    /// <summary>Name of the cluster; nodes of another one are refused.</summary>
    public required Guid ClusterId { get; init; }

    /// <summary>The initial nodes, in order of their numbers.</summary>
    public required IReadOnlyList<Member> Nodes { get; init; }

    /// <summary>How many shards the data is cut into. Cannot change.</summary>
    public required int ShardCount { get; init; }

    /// <summary>Replicas wanted per shard.</summary>
    public required int ReplicationFactor { get; init; }

    /// <summary>Unix time in milliseconds.</summary>
    public required long CreatedAtMs { get; init; }

    /// <summary>Voters of meta: the largest odd number of initial nodes, at most seven; the others are learners.</summary>
    [JsonIgnore]
    public Configuration MetaConfiguration
    {
        get
        {
            var voters = Math.Min(7, Nodes.Count % 2 == 1 ? Nodes.Count : Math.Max(1, Nodes.Count - 1));
            var members = Nodes.Select(n => new MemberId(n.Number)).ToArray();
            return Configuration.Of(members.Take(voters), members.Skip(voters));
        }
    }

    /// <summary>The replicas of each shard, the preferred leader first.</summary>
    public IReadOnlyList<IReadOnlyList<MemberId>> PlaceShards() =>
        HashRing.Place([.. Nodes.Select(n => (new MemberId(n.Number), n.NodeId))], ShardCount, ReplicationFactor);

    /// <summary>The member number of an initial node.</summary>
    /// <exception cref="InvalidOperationException">It is none.</exception>
    public MemberId NumberOf(string nodeId) => Nodes.FirstOrDefault(n => n.NodeId == nodeId) is { } node
        ? new MemberId(node.Number) : throw new InvalidOperationException($"Node {nodeId} is not one of those that cluster {ClusterId} began with.");

    /// <summary>A new cluster of the candidates, numbered in the order of their ids.</summary>
    public static Bootstrap Create(IEnumerable<Candidate> candidates, int shardCount, int replicationFactor, long wallMs) => new()
    {
        ClusterId = Guid.NewGuid(),
        Nodes = [.. candidates.OrderBy(c => c.NodeId, StringComparer.Ordinal)
            .Select((c, i) => Member.Of((uint)i + 1, c))],
        ShardCount = shardCount,
        ReplicationFactor = replicationFactor,
        CreatedAtMs = wallMs,
    };

    /// <summary>The stored and transmitted form.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, BootstrapJson.Default.Bootstrap);

    /// <summary>Reads the stored form.</summary>
    /// <exception cref="JsonException">The bytes are not one.</exception>
    public static Bootstrap FromJson(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize(json, BootstrapJson.Default.Bootstrap) ?? throw new JsonException("A bootstrap is null.");
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(Bootstrap))]
internal sealed partial class BootstrapJson : JsonSerializerContext;
