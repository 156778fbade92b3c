namespace TokMesh.Client;

/// <summary>A key's value.</summary>
/// <param name="Value">The bytes.</param>
/// <param name="Version">Changes with every write; never 0.</param>
/// <param name="ExpiresAt">When the key goes; null for never.</param>
public sealed record KeyEntry(ReadOnlyMemory<byte> Value, ulong Version, DateTimeOffset? ExpiresAt)
{
    /// <summary>The version: values get into no log by accident.</summary>
    public override string ToString() => $"version {Version}";
}

/// <summary>How a write ended.</summary>
/// <param name="Written">Whether it was made; if not, its condition did not hold.</param>
/// <param name="Version">The version it gave; or, if it was not made, the key's present one, 0 when there is no such key.</param>
public readonly record struct SetResult(bool Written, ulong Version);

/// <summary>What a delete found.</summary>
public enum DeleteStatus
{
    /// <summary>The key was there, and is gone.</summary>
    Deleted,

    /// <summary>There was no such key.</summary>
    NotFound,

    /// <summary>The key's version is another: it is still there.</summary>
    Conflict,
}

/// <summary>How a delete ended.</summary>
/// <param name="Status">What it found.</param>
/// <param name="Version">After a conflict the key's present version, else 0.</param>
public readonly record struct DeleteResult(DeleteStatus Status, ulong Version = 0);
