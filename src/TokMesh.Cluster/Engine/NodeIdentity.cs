using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using TokMesh.Log;

namespace TokMesh.Cluster;

/// <summary>Who the owner of a data directory is: kept in <c>node.json</c>, its cluster in <c>genesis.json</c>.</summary>
/// <param name="NodeId"><c>tmnd-…</c></param>
/// <param name="DirectoryId">Drawn when the directory was first used.</param>
public sealed partial record NodeIdentity(string NodeId, Guid DirectoryId)
{
    private const string IdentityFile = "node.json";
    private const string GenesisFile = "genesis.json";

    /// <summary>Whether the text has the form of a node id.</summary>
    public static bool IsNodeId(string text) => NodeIdForm().IsMatch(text);

    /// <summary>Reads the identity, or makes one in a new directory.</summary>
    /// <param name="disk">The data directory.</param>
    /// <param name="configuredNodeId">What the configuration says; empty to take what is stored, or to draw one.</param>
    /// <param name="drawNodeId">Draws a node id.</param>
    /// <exception cref="InvalidOperationException">The directory belongs to another node id.</exception>
    public static NodeIdentity LoadOrCreate(IDisk disk, string configuredNodeId, Func<string> drawNodeId)
    {
        if (disk.Exists(IdentityFile))
        {
            var stored = JsonSerializer.Deserialize(Read(disk, IdentityFile), IdentityJson.Default.NodeIdentity)
                ?? throw new InvalidOperationException($"{IdentityFile} is empty.");
            if (configuredNodeId.Length > 0 && configuredNodeId != stored.NodeId)
                throw new InvalidOperationException($"The data directory belongs to node {stored.NodeId}; the configuration says {configuredNodeId}. Use the directory with its own node id, or an empty one.");
            return stored;
        }
        var made = new NodeIdentity(configuredNodeId.Length > 0 ? configuredNodeId : drawNodeId(), Guid.NewGuid());
        Store(disk, IdentityFile, JsonSerializer.SerializeToUtf8Bytes(made, IdentityJson.Default.NodeIdentity));
        return made;
    }

    /// <summary>The cluster this directory belongs to; null if none yet.</summary>
    public static Genesis? LoadGenesis(IDisk disk) => disk.Exists(GenesisFile) ? Genesis.FromJson(Read(disk, GenesisFile)) : null;

    /// <summary>Binds the directory to a cluster; durable when this returns.</summary>
    public static void StoreGenesis(IDisk disk, Genesis genesis) => Store(disk, GenesisFile, genesis.ToJson());

    [GeneratedRegex("^tmnd-[0-9a-z][0-9a-z.-]{0,63}$")]
    private static partial Regex NodeIdForm();

    private static byte[] Read(IDisk disk, string name)
    {
        using var file = disk.Open(name);
        var bytes = new byte[file.Length];
        var read = 0;
        while (read < bytes.Length)
        {
            var n = file.Read(read, bytes.AsSpan(read));
            if (n == 0) break;
            read += n;
        }
        return bytes;
    }

    // Written aside and renamed: the file is there whole or not at all.
    private static void Store(IDisk disk, string name, byte[] bytes)
    {
        using (var file = disk.Create(name + ".tmp", 0))
        {
            file.Write(0, bytes);
            file.Sync();
        }
        disk.Rename(name + ".tmp", name);
        disk.SyncDirectory();
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(NodeIdentity))]
internal sealed partial class IdentityJson : JsonSerializerContext;
