using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace TokMesh.Launcher;

/// <summary>One node process. Addresses are host:port.</summary>
internal sealed record RunningNode(string Id, int Pid, string Http, string Redis, string Peer, string Data)
{
    /// <summary>Where Orleans clients connect: one port above that for other nodes.</summary>
    [JsonIgnore]
    public string Gateway
    {
        get
        {
            var colon = Peer.LastIndexOf(':');
            return $"{Peer[..colon]}:{int.Parse(Peer.AsSpan(colon + 1), CultureInfo.InvariantCulture) + 1}";
        }
    }

    /// <summary>Everything it listens on.</summary>
    [JsonIgnore]
    public IEnumerable<string> Addresses => [Http, Redis, Peer, Gateway];
}

/// <summary>What <c>up</c> leaves behind for <c>down</c>, for the next <c>up</c> and for scripts: <c>cluster.json</c>, mode 0600.</summary>
/// <param name="AdminKey">Empty until one was made.</param>
/// <param name="Postgres">As of <see cref="MembershipChoice"/>; may hold a password.</param>
/// <param name="Nodes">All of them, running or not.</param>
internal sealed record ClusterFile(string AdminKey, string? Postgres, IReadOnlyList<RunningNode> Nodes)
{
    public const string Name = "cluster.json";

    public static ClusterFile? Load(string directory)
    {
        var path = Path.Combine(directory, Name);
        if (!File.Exists(path)) return null;
        try
        {
            if (JsonSerializer.Deserialize(File.ReadAllBytes(path), LauncherJson.Default.ClusterFile) is { AdminKey: not null, Nodes.Count: > 0 } cluster) return cluster;
        }
        catch (JsonException)
        {
            // Said below.
        }
        throw new DamagedFileException($"{path} cannot be read. Restore it, or move it away: \"./tokmesh up --nodes N\" with the right N writes it anew and keeps the data.");
    }

    public void Save(string directory) => PrivateFile.Write(Path.Combine(directory, Name), ToJson());

    /// <summary>What <c>up --json</c> prints: a connection string, with its password, stays in the file.</summary>
    public ClusterFile ForPrinting() => Postgres is null or MembershipChoice.Auto ? this : this with { Postgres = $"in {Name}" };

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, LauncherJson.Default.ClusterFile);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ClusterFile))]
internal sealed partial class LauncherJson : JsonSerializerContext;
