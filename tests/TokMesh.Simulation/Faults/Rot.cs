using TokMesh.TestKit.Disks;

namespace TokMesh.Simulation.Faults;

/// <summary>One flipped bit on a disk, where a node must notice it.</summary>
internal sealed class Rot
{
    private readonly VirtualDisk _disk;
    private readonly string _file;
    private readonly long _offset;
    private readonly int _bit;

    private Rot(VirtualDisk disk, string file, long offset, int bit)
    {
        (_disk, _file, _offset, _bit) = (disk, file, offset, bit);
        Flip();
    }

    /// <summary>In the log nothing may be missing; a snapshot may not be the one that is needed.</summary>
    public bool MustBeRefused => _file.StartsWith("wal-", StringComparison.Ordinal);

    public override string ToString() => $"bit {_bit} of byte {_offset} of {_file}";

    /// <summary>Null when there is nothing yet that a bit could be flipped in.</summary>
    public static Rot? In(VirtualDisk disk, Random random)
    {
        var files = disk.List().Where(f => f.EndsWith(".log", StringComparison.Ordinal) || f.EndsWith(".tms", StringComparison.Ordinal)).ToArray();
        if (files.Length == 0) return null;
        var file = files[random.Next(files.Length)];
        var bytes = disk.ReadAll(file);
        var end = file.StartsWith("wal-", StringComparison.Ordinal) ? EndOfSure(bytes) : bytes.Length;
        return end <= 0 ? null : new Rot(disk, file, random.Next(end), random.Next(8));
    }

    public void Repair()
    {
        if (_disk.Exists(_file)) Flip();
    }

    // A crash leaves the last frame in doubt, and nobody can tell a broken last frame from one that was being written. What stands
    // before the last frame that may be whole was durable for certain.
    private static int EndOfSure(ReadOnlySpan<byte> bytes)
    {
        var last = bytes.LastIndexOf("TMFR"u8);
        return last < 0 ? 0 : bytes[..last].LastIndexOf("TMFR"u8);
    }

    private void Flip() => _disk.FlipBit(_file, _offset, _bit);
}
