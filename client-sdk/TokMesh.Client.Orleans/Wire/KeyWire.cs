namespace TokMesh.Client.Orleans;

/// <summary>A <see cref="KeyEntry"/> between silos.</summary>
[GenerateSerializer, Immutable, Alias("TokMesh.KeyEntry")]
public sealed class KeyEntryWire
{
    /// <summary>As in <see cref="KeyEntry.Value"/>.</summary>
    [Id(0)]
    public ReadOnlyMemory<byte> Value { get; init; }

    /// <summary>As in <see cref="KeyEntry.Version"/>.</summary>
    [Id(1)]
    public ulong Version { get; init; }

    /// <summary>As in <see cref="KeyEntry.ExpiresAt"/>, in Unix milliseconds; 0 for never.</summary>
    [Id(2)]
    public long ExpiresAtMs { get; init; }
}

/// <summary>What a set is told.</summary>
[GenerateSerializer, Immutable, Alias("TokMesh.SetRequest")]
public sealed class SetRequestWire
{
    /// <summary>The value.</summary>
    [Id(0)]
    public ReadOnlyMemory<byte> Value { get; init; }

    /// <summary>How long it lives; null for good.</summary>
    [Id(1)]
    public long? TtlSeconds { get; init; }

    /// <summary>The version there must be; null for any.</summary>
    [Id(2)]
    public ulong? IfVersion { get; init; }
}

/// <summary>A <see cref="SetResult"/> between silos.</summary>
/// <param name="Written">As in <see cref="SetResult.Written"/>.</param>
/// <param name="Version">As in <see cref="SetResult.Version"/>.</param>
[GenerateSerializer, Immutable, Alias("TokMesh.SetResult")]
public readonly record struct SetWire([property: Id(0)] bool Written, [property: Id(1)] ulong Version);

/// <summary>A <see cref="DeleteResult"/> between silos.</summary>
/// <param name="Status">A <see cref="DeleteStatus"/> as a number; numbers may only grow.</param>
/// <param name="Version">As in <see cref="DeleteResult.Version"/>.</param>
[GenerateSerializer, Immutable, Alias("TokMesh.DeleteResult")]
public readonly record struct DeleteWire([property: Id(0)] byte Status, [property: Id(1)] ulong Version);
