using System.Text;
using TokMesh.Log.Disks;

namespace TokMesh.Cluster.Starts;

/// <summary>
/// A note in the data directory that the cluster has refused it for its past. It keeps a supervisor from starting the node on it again
/// and again: each of those starts would make its past look longer.
/// </summary>
public static class RefusalFile
{
    /// <summary>Its name.</summary>
    public const string FileName = "refused.txt";

    /// <summary>Writes it; durable when this returns.</summary>
    public static void Store(IDisk directory, HelloRefusal refusal) =>
        StoredFile.Write(directory, FileName, Encoding.UTF8.GetBytes($"{refusal.Code}: {refusal.Message}\n"));

    /// <summary>Refuses to go on where there is one.</summary>
    /// <exception cref="InvalidOperationException">There is one: it says why, and what to do.</exception>
    public static void Check(IDisk directory)
    {
        if (!directory.Exists(FileName)) return;
        throw new InvalidOperationException($"{Encoding.UTF8.GetString(StoredFile.Read(directory, FileName)).TrimEnd()} The cluster refused this directory before, so the node does not start on it. If that was a mistake that has been mended elsewhere, delete {FileName} from the directory.");
    }
}
