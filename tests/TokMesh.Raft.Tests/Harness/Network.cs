using TokMesh.Raft.Wire;

namespace TokMesh.Raft.Tests.Harness;

/// <summary>What becomes of a message.</summary>
internal enum Fate
{
    Delivered,
    Lost,
    Held,
}

/// <summary>Links that are cut and messages that are kept back. What a test delivers by hand passes all the same.</summary>
internal sealed class Network
{
    /// <summary>What is lost from now on.</summary>
    public List<MessageFilter> Blocks { get; } = [];

    /// <summary>What is kept back from now on.</summary>
    public List<MessageFilter> Holds { get; } = [];

    /// <summary>What has been kept back.</summary>
    public List<(Message Message, byte[] Bytes)> Held { get; } = [];

    public Fate FateOf(in Message message, byte[] bytes)
    {
        foreach (var block in Blocks) if (block.Matches(message, bytes)) return Fate.Lost;
        foreach (var hold in Holds) if (hold.Matches(message, bytes)) return Fate.Held;
        return Fate.Delivered;
    }
}
