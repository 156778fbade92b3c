namespace TokMesh.Orleans.Bootstrap;

/// <summary>
/// Decides once how the cluster began. Its state is stored with optimistic concurrency: should two activations of it exist for a
/// while, as in a partition, one of them alone can store a decision, and the other reads it.
/// </summary>
[Alias("tokmesh.genesis")]
internal interface IGenesisGrain : IGrainWithIntegerKey
{
    /// <summary>
    /// A node asks for its cluster. <paramref name="hello"/> is a <see cref="Cluster.Hello"/> that carries what the node's own
    /// directory knows of the cluster, if it knows one.
    /// </summary>
    [Alias("find")]
    Task<GenesisAnswer> Find(byte[] hello);
}

/// <summary>Answer to a node that asks for its cluster; one of four things is in it.</summary>
[GenerateSerializer, Immutable, Alias("tokmesh.genesis-answer")]
internal sealed record GenesisAnswer
{
    /// <summary>How the cluster began.</summary>
    [Id(0)]
    public byte[]? Genesis { get; init; }

    /// <summary>Why the node is refused: the code.</summary>
    [Id(2)]
    public string? RefusalCode { get; init; }

    /// <summary>Why the node is refused: what happened and what to do.</summary>
    [Id(3)]
    public string? Refusal { get; init; }

    /// <summary>Otherwise the cluster has not begun: nodes found so far.</summary>
    [Id(4)]
    public int Found { get; init; }
}

/// <summary>What is stored.</summary>
[GenerateSerializer, Alias("tokmesh.genesis-record")]
internal sealed class GenesisRecord
{
    /// <summary>How the cluster began, in its stored form; null while it has not.</summary>
    [Id(0)]
    public byte[]? Genesis { get; set; }
}
