namespace TokMesh.Log.Disks;

/// <summary>
/// A flat directory of named files. The log and the snapshot store touch storage through this seam alone, so that
/// the same code runs on a real directory and on a model that loses whatever was not synced.
/// </summary>
/// <remarks>Every method throws <see cref="IOException"/> when the disk refuses.</remarks>
public interface IDisk
{
    /// <summary>
    /// Creates a file that must not exist, reading as <paramref name="preallocateBytes"/> zero bytes. The name is durable
    /// only after <see cref="SyncDirectory"/>, the content only after <see cref="IDiskFile.Sync"/>.
    /// </summary>
    IDiskFile Create(string name, long preallocateBytes);

    /// <summary>Opens an existing file for reading and writing.</summary>
    IDiskFile Open(string name);

    /// <summary>The names of all files, in no particular order.</summary>
    IReadOnlyList<string> List();

    /// <summary>Whether a file of this name exists.</summary>
    bool Exists(string name);

    /// <summary>Removes a file; durable only after <see cref="SyncDirectory"/>.</summary>
    void Delete(string name);

    /// <summary>Gives a file another name, replacing what had it; durable only after <see cref="SyncDirectory"/>.</summary>
    void Rename(string from, string to);

    /// <summary>Makes every create, delete and rename so far durable.</summary>
    void SyncDirectory();
}
