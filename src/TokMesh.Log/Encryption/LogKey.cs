using System.Globalization;
using TokMesh.Log.Disks;
using TokMesh.Log.Format;

namespace TokMesh.Log.Encryption;

/// <summary>Where a node's 32-byte master key comes from: a file beside the log, or the operator.</summary>
public static class LogKey
{
    /// <summary>The key file's name in the data directory.</summary>
    public const string FileName = "log.key";

    /// <summary>A key's length in bytes.</summary>
    public const int Bytes = BodyCipher.MasterKeyBytes;

    private const string PartialFileName = FileName + PartialFiles.Suffix;

    /// <summary>
    /// Reads the directory's key, or makes one from <paramref name="fillRandom"/> when the directory is new. On return the
    /// key is durable: a log written under a key that a power cut takes away would be lost.
    /// </summary>
    /// <exception cref="LogUnreadableException">The key file has a wrong length, or is gone while a log is there.</exception>
    /// <exception cref="IOException">The disk refused.</exception>
    public static byte[] LoadOrCreate(IDisk disk, Action<Span<byte>> fillRandom)
    {
        ArgumentNullException.ThrowIfNull(disk);
        ArgumentNullException.ThrowIfNull(fillRandom);
        return disk.Exists(FileName) ? Load(disk) : Create(disk, fillRandom);
    }

    /// <summary>Reads a key given as 64 hexadecimal digits.</summary>
    /// <exception cref="FormatException">It is not 64 hexadecimal digits; the message never repeats the key.</exception>
    public static byte[] Parse(string hex)
    {
        ArgumentNullException.ThrowIfNull(hex);
        if (hex.Length != Bytes * 2)
            throw new FormatException($"A log key is {Bytes * 2} hexadecimal digits ({Bytes} bytes), but {hex.Length} characters were given.");
        for (var i = 0; i < hex.Length; i++)
            if (!char.IsAsciiHexDigit(hex[i]))
                throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"A log key is {Bytes * 2} hexadecimal digits, but character {i + 1} is not one."));
        return Convert.FromHexString(hex);
    }

    private static byte[] Load(IDisk disk)
    {
        using var file = disk.Open(FileName);
        if (file.Length != Bytes)
            throw new LogUnreadableException(FileName, $"it must hold {Bytes} bytes but holds {file.Length}. Put back the key this log was written with");
        var key = new byte[Bytes];
        if (file.Read(0, key) != Bytes) throw new IOException($"'{FileName}' became shorter while it was read.");
        // The process that made it may have died between the rename and the directory's sync.
        disk.SyncDirectory();
        return key;
    }

    private static byte[] Create(IDisk disk, Action<Span<byte>> fillRandom)
    {
        foreach (var name in disk.List())
            if (SegmentName.TryParse(name, out _) || SnapshotName.TryParse(name, out _))
                throw new LogUnreadableException(FileName, $"it is missing, while '{name}' is there. Put back the key this log was written with");

        if (disk.Exists(PartialFileName)) disk.Delete(PartialFileName);
        var key = new byte[Bytes];
        fillRandom(key);
        using (var file = disk.Create(PartialFileName, preallocateBytes: 0))
        {
            file.Write(0, key);
            file.Sync();
        }
        disk.Rename(PartialFileName, FileName);
        disk.SyncDirectory();
        return key;
    }
}
