namespace TokMesh.TestKit.Disks;

/// <summary>What was asked of a <see cref="VirtualDisk"/>.</summary>
public enum VirtualDiskOperationKind
{
    /// <summary>A file was created.</summary>
    Create,

    /// <summary>Bytes were written.</summary>
    Write,

    /// <summary>A file's content was synced.</summary>
    Sync,

    /// <summary>A file was deleted.</summary>
    Delete,

    /// <summary>A file was renamed.</summary>
    Rename,

    /// <summary>The directory was synced.</summary>
    SyncDirectory,
}

/// <summary>One operation of a <see cref="VirtualDisk"/> that can change or store something. Reads are not counted.</summary>
/// <param name="Number">Counted from 1 since the disk was made.</param>
/// <param name="Kind">What it was.</param>
/// <param name="File">The file, before a rename; empty for the directory.</param>
/// <param name="Offset">Where a write began, in bytes.</param>
/// <param name="Bytes">How much a write or a preallocation took.</param>
public readonly record struct VirtualDiskOperation(
    long Number, VirtualDiskOperationKind Kind, string File, long Offset, long Bytes);
