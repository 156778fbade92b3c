using TokMesh.Client.Orleans.Access;
using TokMesh.Cluster.Joining;
using TokMesh.Cluster.Nodes;
using TokMesh.Cluster.Sessions;
using TokMesh.Cluster.Transport;

namespace TokMesh.Orleans.Nodes;

/// <summary>What a TokMesh node in a silo can be told.</summary>
public sealed class TokMeshSiloOptions
{
    /// <summary>The node's data directory: one for each silo, kept across restarts, used by one process at a time.</summary>
    public string DataDirectory { get; set; } = "./data";

    /// <summary>Node id and name of the silo, <c>tmnd-</c> and up to 64 of 0-9 a-z . -; empty for the directory's own, or a drawn one.</summary>
    public string NodeId { get; set; } = "";

    /// <summary>What fails together with this node, such as a rack or a building: up to 64 of 0-9 a-z . -; empty when there is no such thing.</summary>
    public string Zone { get; set; } = "";

    /// <summary>Timings and bounds of the node.</summary>
    public NodeOptions Node { get; set; } = new();

    /// <summary>Whether data at rest is encrypted.</summary>
    public bool Encryption { get; set; } = true;

    /// <summary>The key for that, 64 hexadecimal digits; empty for one that is kept in the data directory.</summary>
    public string EncryptionKey { get; set; } = "";

    /// <summary>
    /// File with what all nodes of the cluster have and nobody else: 64 hexadecimal digits, for this process's user alone to read. It opens the
    /// silo's ports; applications get the <c>client.secret</c> that each node leaves in its data directory. Empty for a cluster with
    /// <see cref="Certificates"/>, and for one of a single node, which makes its own.
    /// </summary>
    public string SecretFile { get; set; } = "";

    /// <summary>Certificates by which the silo's ports are opened, over TLS: they are used for Orleans' connections, too.</summary>
    public NodeCertificates? Certificates { get; set; }

    /// <summary>Where to begin looking for other nodes: addresses of silos, host:port each. This node's own may be among them.</summary>
    public IReadOnlyList<string> Seeds { get; set; } = [];

    /// <summary>A new cluster begins when this many silos with a node have found each other.</summary>
    public int ExpectNodes { get; set; } = 3;

    /// <summary>Shards of a new cluster, 1 to 4096.</summary>
    public int ShardCount { get; set; } = 256;

    /// <summary>Replicas per shard of a new cluster, 1 to 7.</summary>
    public int ReplicationFactor { get; set; } = 3;

    /// <summary>
    /// Whether a silo that the cluster did not begin with may become a member: it holds meta without a vote, no replica of a shard, and
    /// everything can be reached through it.
    /// </summary>
    public bool AllowJoin { get; set; } = true;

    /// <summary>How long the node waits for its cluster to begin before the silo gives up.</summary>
    public TimeSpan DiscoveryTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Where other nodes reach this silo, host:port; a name is looked up whenever it is dialled, so that a node may move. Empty for the
    /// silo's address.
    /// </summary>
    public string AdvertiseAddress { get; set; } = "";

    /// <summary>Address of the HTTP front end, host:port, for others to know; empty when there is none.</summary>
    public string HttpAddress { get; set; } = "";

    /// <summary>Address of the Redis front end, host:port, for others to know; empty when there is none.</summary>
    public string RedisAddress { get; set; } = "";

    /// <summary>What sessions may be, through whichever front end they are made.</summary>
    public SessionLimits Limits { get; set; } = new();

    /// <summary>For how long a verified API key is remembered, so that its secret need not be verified again.</summary>
    public TimeSpan AuthCacheTtl { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How many API keys are remembered at most.</summary>
    public int AuthCacheCapacity { get; set; } = 10_000;

    /// <summary>
    /// Told of a failure after which the process must end at once: going on could break a promise. The default ends it.
    /// </summary>
    public Action<Exception> Failed { get; set; } = static e => Environment.FailFast("The TokMesh node must stop: " + e.Message, e);

    /// <summary>Whether a text may be a zone's name; an empty one stands for none.</summary>
    public static bool IsZone(string text) => text.Length <= 64 && text.All(static c => char.IsAsciiDigit(c) || char.IsAsciiLetterLower(c) || c is '.' or '-');

    /// <summary>Every value out of range, one line each; empty when all is well.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        if (DataDirectory.Length == 0) problems.Add($"{nameof(DataDirectory)} is empty.");
        if (NodeId.Length > 0 && !NodeIdentity.IsNodeId(NodeId)) problems.Add($"{nameof(NodeId)} is \"{NodeId}\"; allowed is tmnd- and up to 64 of 0-9 a-z . -, beginning with a letter or digit.");
        if (!IsZone(Zone)) problems.Add($"{nameof(Zone)} is \"{Zone}\"; allowed is up to 64 of 0-9 a-z . -");
        Check(nameof(ExpectNodes), ExpectNodes, 1, 100);
        if (AdvertiseAddress.Length > 0 && !HostAndPort.TryParse(AdvertiseAddress, out _, out _)) problems.Add($"{nameof(AdvertiseAddress)} is \"{AdvertiseAddress}\", which is not host:port.");
        foreach (var seed in Seeds.Where(static s => !HostAndPort.TryParse(s, out _, out _)))
            problems.Add($"{nameof(Seeds)} has \"{seed}\", which is not host:port.");
        if (ExpectNodes > 1 && Seeds.Count == 0) problems.Add($"{nameof(ExpectNodes)} is {ExpectNodes}, and there are no {nameof(Seeds)} by which they find each other.");
        if ((ExpectNodes > 1 || Seeds.Count > 0) && SecretFile.Length == 0 && Certificates is null)
            problems.Add($"Neither {nameof(SecretFile)} nor {nameof(Certificates)} is set: nodes must be able to tell each other from strangers.");
        if (SecretFile.Length > 0 && TokMeshSecret.ProblemOf(SecretFile) is { } unreadable) problems.Add($"{nameof(SecretFile)}: {unreadable}");
        Check(nameof(ShardCount), ShardCount, 1, 4096);
        Check(nameof(ReplicationFactor), ReplicationFactor, 1, 7);
        Check(nameof(AuthCacheCapacity), AuthCacheCapacity, 1, 10_000_000);
        if (AuthCacheTtl < TimeSpan.Zero || AuthCacheTtl > TimeSpan.FromDays(1)) problems.Add($"{nameof(AuthCacheTtl)} is {AuthCacheTtl}; allowed is 0 to 1 day.");
        if (EncryptionKey.Length > 0 && (EncryptionKey.Length != 64 || !EncryptionKey.All(char.IsAsciiHexDigit))) problems.Add($"{nameof(EncryptionKey)} is not 64 hexadecimal digits.");
        problems.AddRange(Limits.Problems());
        return problems;

        void Check(string name, int value, int min, int max)
        {
            if (value < min || value > max) problems.Add($"{name} is {value}; allowed is {min} to {max}.");
        }
    }
}
