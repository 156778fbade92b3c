using System.Net;
using TokMesh.Client.Orleans.Access;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Transport;

namespace TokMesh.Orleans.Links;

/// <summary>Who this node is among the others, and how it finds them.</summary>
internal sealed record LinkOptions
{
    /// <summary><c>tmnd-…</c></summary>
    public required string NodeId { get; init; }

    /// <summary>Identity of the data directory.</summary>
    public required Guid DirectoryId { get; init; }

    /// <summary>Address other nodes reach this one at, host:port: its silo's.</summary>
    public required string AdvertiseAddress { get; init; }

    /// <summary>The same as Orleans has it.</summary>
    public required IPEndPoint SiloEndPoint { get; init; }

    /// <summary>How the cluster began, when the node's directory says so already.</summary>
    public Bootstrap? Bootstrap { get; init; }

    /// <summary>Address of this node's HTTP front end, host:port; empty when it has none.</summary>
    public required string HttpAddress { get; init; }

    /// <summary>Address of this node's Redis front end, host:port; empty when it has none.</summary>
    public required string RedisAddress { get; init; }

    /// <summary>What fails together with this node; null when that was not said.</summary>
    public string? Zone { get; init; }

    /// <summary>The node's number, when its directory has one.</summary>
    public uint? Number { get; init; }

    /// <summary>Where to begin looking for other nodes, host:port each.</summary>
    public IReadOnlyList<string> Seeds { get; init; } = [];

    /// <summary>A new cluster begins when this many nodes have found each other.</summary>
    public int ExpectNodes { get; init; } = 1;

    /// <summary>Whether a node that the cluster did not begin with may become a member.</summary>
    public bool AllowJoin { get; init; } = true;

    /// <summary>Shards of a new cluster.</summary>
    public int ShardCount { get; init; } = 256;

    /// <summary>Replicas per shard of a new cluster.</summary>
    public int ReplicationFactor { get; init; } = 3;

    /// <summary>How long a node looks for a cluster before it gives up.</summary>
    public TimeSpan DiscoveryTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Certificates; null for plain TCP.</summary>
    public NodeCertificates? Certificates { get; init; }

    /// <summary>What every node of the cluster has; null where certificates alone decide.</summary>
    public TokMeshSecret? Secret { get; init; }

    /// <summary>What applications have instead.</summary>
    public TokMeshSecret? ClientSecret => _clientSecret ??= Secret?.ForClients();

    /// <summary>Most bytes waiting for one link; beyond it frames are dropped, which the protocols above survive.</summary>
    public long MaxQueuedBytes { get; init; } = 64L << 20;

    private TokMeshSecret? _clientSecret;
}
