using TokMesh.Log.Encryption;

namespace TokMesh.Log.Snapshots;

/// <summary>How a <see cref="SnapshotStore"/> writes. Checked when the store is made.</summary>
public sealed class SnapshotStoreOptions
{
    /// <summary>The smallest <see cref="ChunkBytes"/>.</summary>
    public const int MinChunkBytes = 16;

    /// <summary>The largest <see cref="ChunkBytes"/>.</summary>
    public const int MaxChunkBytes = 64 << 20;

    /// <summary>How much of a body is sealed, checked and held in memory at a time, in bytes.</summary>
    public int ChunkBytes { get; init; } = 1 << 20;

    /// <summary>The 32-byte master key, the log's, or null to store everything in the clear.</summary>
    public byte[]? Key { get; init; }

    /// <summary>Fills a span with random bytes; in production a cryptographic source.</summary>
    public required Action<Span<byte>> FillRandom { get; init; }

    /// <summary>Checks every option.</summary>
    /// <exception cref="ArgumentException">Names each wrong option, its value and the allowed range.</exception>
    public void Validate()
    {
        var problems = new List<string>();
        if (ChunkBytes is < MinChunkBytes or > MaxChunkBytes)
            problems.Add($"{nameof(ChunkBytes)} is {ChunkBytes}, allowed are {MinChunkBytes} to {MaxChunkBytes}");
        if (Key is not null && Key.Length != LogKey.Bytes) problems.Add($"{nameof(Key)} has {Key.Length} bytes, required are {LogKey.Bytes}");
        if (FillRandom is null) problems.Add($"{nameof(FillRandom)} is missing");
        if (problems.Count > 0) throw new ArgumentException($"Snapshot store options: {string.Join("; ", problems)}.");
    }
}
