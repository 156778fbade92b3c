using Orleans.Storage;
using TokMesh.State.Keys;

namespace TokMesh.Orleans.Storage;

/// <summary>Grain state in TokMesh.</summary>
public sealed class TokMeshGrainStorageOptions : IStorageProviderSerializerOptions
{
    /// <summary>
    /// State that serializes to more bytes is cut into pieces of this size, each a key of its own; 512 KiB. What is stored is read whatever
    /// this says now.
    /// </summary>
    public int ChunkBytes { get; set; } = 512 * 1024;

    /// <summary>How long one read, write or clear may take in all; 10 s.</summary>
    public TimeSpan Deadline { get; set; } = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public IGrainStorageSerializer GrainStorageSerializer { get; set; } = null!;

    /// <summary>Every value out of range, one line each; empty when all is well.</summary>
    internal IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        // A head that holds its state inside is a little larger than the state.
        if (ChunkBytes < 1 || ChunkBytes > KeyRules.MaxValueBytes / 2) problems.Add($"ChunkBytes is {ChunkBytes}; allowed is 1 to {KeyRules.MaxValueBytes / 2}.");
        if (Deadline < TimeSpan.FromMilliseconds(10) || Deadline > StateHead.LateWrites / 2)
            problems.Add($"Deadline is {Deadline}; allowed is 10 ms to {StateHead.LateWrites / 2}.");
        return problems;
    }
}
