using System.Security.Cryptography;
using TokMesh.Cluster.Clocks;
using TokMesh.Cluster.Errors;
using TokMesh.Cluster.Meta;
using TokMesh.Cluster.Starts;
using TokMesh.Log.Disks;
using TokMesh.Raft.Log;
using TokMesh.State.Ids;
using Encryption = TokMesh.Log.Encryption;

namespace TokMesh.Cluster.Joining;

/// <summary>
/// A node's data directory, held for this process alone: who the node is, which cluster it belongs to, its log and its keys. A
/// node's authority is this directory, whatever others believe.
/// </summary>
public sealed class NodeDirectory : IDisposable
{
    private readonly DirectoryLock _lock;
    private readonly FileDisk _disk;
    private readonly LogMemory? _memory;

    private NodeDirectory(FileDisk disk, DirectoryLock held, NodeIdentity identity)
    {
        (_disk, _lock, Identity) = (disk, held, identity);
        Bootstrap = NodeIdentity.LoadBootstrap(disk);
        // An older release did not say whether a log was begun; a node that belonged to a cluster had one.
        _memory = identity.Log ?? (identity.Format < NodeIdentity.NewestFormat && Bootstrap is not null ? new LogMemory(0, 1) : null);
    }

    /// <summary>Who the node is.</summary>
    public NodeIdentity Identity { get; private set; }

    /// <summary>The cluster the directory belongs to; null while it has none.</summary>
    public Bootstrap? Bootstrap { get; private set; }

    /// <summary>The directory itself.</summary>
    public IDisk Disk => _disk;

    /// <summary>Where it is.</summary>
    public string Path => _disk.DirectoryPath;

    /// <summary>Opens a directory, creating what is missing.</summary>
    /// <param name="path">The directory.</param>
    /// <param name="nodeId">Node id the configuration asks for; empty for the stored one, or a drawn one in a new directory.</param>
    /// <param name="clock">Time, for a drawn id.</param>
    /// <exception cref="IOException">The directory cannot be used, or another process holds it.</exception>
    /// <exception cref="InvalidOperationException">It belongs to another node id.</exception>
    public static NodeDirectory Open(string path, string nodeId, IClock clock)
    {
        var disk = new FileDisk(path);
        var held = disk.Lock();
        try
        {
            RefusalFile.Check(disk);
            return new NodeDirectory(disk, held, NodeIdentity.LoadOrCreate(disk, nodeId, () => "tmnd-" + Ulid.Of(clock.WallMs, RandomNumberGenerator.GetBytes(10))));
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Binds the directory to a cluster; durable when this returns.</summary>
    public Task StoreBootstrapAsync(Bootstrap bootstrap)
    {
        NodeIdentity.StoreBootstrap(_disk, bootstrap);
        Bootstrap = bootstrap;
        return Task.CompletedTask;
    }

    /// <summary>Notes the node's number in its cluster; durable when this returns.</summary>
    /// <exception cref="InvalidOperationException">The directory says another one.</exception>
    public void StoreNumber(MemberId number)
    {
        if (Identity.Number == number.Value) return;
        if (Identity.Number is { } stored)
            throw new InvalidOperationException($"{Codes.NodeConflict}: the data directory belongs to member {stored}, and the cluster calls node {Identity.NodeId} member {number.Value}. What that member promised is not in this directory: restore its own, or use a new node id.");
        Identity = Identity with { Number = number.Value };
        Identity.Store(_disk);
    }

    /// <summary>Where the log lives, and what this directory knows of it.</summary>
    /// <param name="key">32 bytes to encrypt with; null for plain files.</param>
    public LogPlace LogPlace(byte[]? key) => new(new FileDisk(System.IO.Path.Combine(_disk.DirectoryPath, "log")), key)
    {
        Memory = _memory,
        Remember = memory =>
        {
            Identity = Identity with { Format = NodeIdentity.NewestFormat, Log = memory };
            Identity.Store(_disk);
        },
    };

    /// <summary>The key that data at rest is encrypted with: the given one, else one kept in the directory.</summary>
    /// <param name="hex">64 hexadecimal digits, or empty.</param>
    public byte[] LogKey(string hex) => hex.Length > 0 ? Encryption.LogKey.Parse(hex) : Encryption.LogKey.LoadOrCreate(_disk, RandomNumberGenerator.Fill);

    /// <summary>Gives the directory back.</summary>
    public void Dispose() => _lock.Dispose();
}
