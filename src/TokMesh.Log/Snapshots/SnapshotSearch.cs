using TokMesh.Log.Disks;
using TokMesh.Log.Format;

namespace TokMesh.Log.Snapshots;

/// <summary>Finds the newest snapshot that can be used.</summary>
internal static class SnapshotSearch
{
    /// <summary>
    /// The first of <paramref name="newestFirst"/> that is whole in shape and whose meta reads, not going below an index; null
    /// when there is none. <paramref name="damage"/> tells of the newest that was passed over.
    /// </summary>
    public static SnapshotInfo? Newest(
        IDisk disk, byte[]? key, List<SnapshotName> newestFirst, ulong downToIndex, out SnapshotDamagedException? damage)
    {
        damage = null;
        foreach (var name in newestFirst)
        {
            if (name.Index < downToIndex) break;
            try
            {
                using var reader = SnapshotReader.Open(disk, name, key);
                reader.ReadMeta();
                return reader.Info;
            }
            catch (SnapshotDamagedException e)
            {
                damage ??= e;
            }
        }
        return null;
    }
}
