using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Starts;
using TokMesh.Log.Disks;

namespace TokMesh.Cluster.Joining;

/// <summary>Who the owner of a data directory is: kept in <c>node.json</c>, its cluster in <c>genesis.json</c>.</summary>
/// <param name="NodeId"><c>tmnd-…</c></param>
/// <param name="DirectoryId">Drawn when the directory was first used.</param>
public sealed partial record NodeIdentity(string NodeId, Guid DirectoryId)
{
    /// <summary>The newest <see cref="Format"/>.</summary>
    public const int NewestFormat = 2;

    private const string IdentityFile = "node.json";
    private const string BootstrapFile = "genesis.json";

    /// <summary>2 where the directory says whether a log was begun; 0 where an older release made it.</summary>
    public int Format { get; init; }

    /// <summary>The node's number in its cluster; null while it has none.</summary>
    public uint? Number { get; init; }

    /// <summary>The log that was begun here; null before.</summary>
    public LogMemory? Log { get; init; }

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
            var stored = JsonSerializer.Deserialize(StoredFile.Read(disk, IdentityFile), IdentityJson.Default.NodeIdentity)
                ?? throw new InvalidOperationException($"{IdentityFile} is empty.");
            if (configuredNodeId.Length > 0 && configuredNodeId != stored.NodeId)
                throw new InvalidOperationException($"The data directory belongs to node {stored.NodeId}; the configuration says {configuredNodeId}. Use the directory with its own node id, or an empty one.");
            if (stored.Format > NewestFormat)
                throw new InvalidOperationException($"{IdentityFile} has format {stored.Format}, this program knows {NewestFormat}. Run the version that wrote it, or a newer one.");
            return stored;
        }
        if (disk.Exists(BootstrapFile))
            throw new InvalidOperationException($"{Codes.LogLost}: {IdentityFile} is missing from a data directory that belongs to a cluster ({BootstrapFile} is there). Put it back, with the log that belongs to it, or start with an empty directory and another node id.");
        var made = new NodeIdentity(configuredNodeId.Length > 0 ? configuredNodeId : drawNodeId(), Guid.NewGuid()) { Format = NewestFormat };
        made.Store(disk);
        return made;
    }

    /// <summary>Writes the identity; durable when this returns.</summary>
    public void Store(IDisk disk) => StoredFile.Write(disk, IdentityFile, JsonSerializer.SerializeToUtf8Bytes(this, IdentityJson.Default.NodeIdentity));

    /// <summary>The cluster this directory belongs to; null if none yet.</summary>
    public static Bootstrap? LoadBootstrap(IDisk disk) => disk.Exists(BootstrapFile) ? Bootstrap.FromJson(StoredFile.Read(disk, BootstrapFile)) : null;

    /// <summary>Binds the directory to a cluster; durable when this returns.</summary>
    public static void StoreBootstrap(IDisk disk, Bootstrap bootstrap) => StoredFile.Write(disk, BootstrapFile, bootstrap.ToJson());

    [GeneratedRegex("^tmnd-[0-9a-z][0-9a-z.-]{0,63}$")]
    private static partial Regex NodeIdForm();
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(NodeIdentity))]
internal sealed partial class IdentityJson : JsonSerializerContext;
