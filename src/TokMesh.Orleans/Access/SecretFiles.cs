using System.Text;
using TokMesh.Client.Orleans.Access;
using TokMesh.Cluster.Joining;
using TokMesh.Cluster.Starts;
using TokMesh.Orleans.Nodes;

namespace TokMesh.Orleans.Access;

/// <summary>Where a node has the cluster's secret from, and where it leaves the one for applications.</summary>
internal static class SecretFiles
{
    /// <summary>In the data directory of a node that makes a cluster of its own and was given no secret.</summary>
    public const string Own = "cluster.secret";

    /// <summary>In every node's data directory: what an application gets.</summary>
    public const string ForClients = "client.secret";

    /// <summary>The cluster's secret; null when certificates alone decide who belongs to it.</summary>
    /// <exception cref="FormatException">The file holds something else.</exception>
    public static TokMeshSecret? Open(TokMeshSiloOptions options, NodeDirectory directory)
    {
        if (options.SecretFile.Length == 0 && options.Certificates is not null) return null;
        if (options.SecretFile.Length == 0 && !directory.Disk.Exists(Own)) Store(directory, Own, TokMeshSecret.Draw());
        var secret = TokMeshSecret.Read(options.SecretFile.Length > 0 ? options.SecretFile : Path.Combine(directory.Path, Own));
        Store(directory, ForClients, secret.ForClients());
        return secret;
    }

    private static void Store(NodeDirectory directory, string name, TokMeshSecret secret)
    {
        var text = Encoding.ASCII.GetBytes(secret.ToFileText());
        if (directory.Disk.Exists(name) && StoredFile.Read(directory.Disk, name).AsSpan().SequenceEqual(text)) return;
        StoredFile.Write(directory.Disk, name, text);
    }
}
