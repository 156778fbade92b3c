using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace TokMesh.Raft.Snapshots;

/// <summary>
/// A snapshot cut into pieces that are named by their content, with cuts that follow the content too (Muthitacharoen et al., "A
/// Low-bandwidth Network File System", 2001; the gear hash of Xia et al., "Ddelta", 2014). Two snapshots of nearly the same state
/// have nearly the same pieces, whichever member took them and at whatever position: so a receiver that was interrupted and is sent another
/// snapshot has most of it already.
/// </summary>
internal static class SnapshotPieces
{
    private const int NameBytes = 16;
    private static readonly ulong[] Gear = MakeGear();

    /// <summary>One piece: where its bytes end, and what names them.</summary>
    public readonly record struct Piece(long End, UInt128 Name);

    /// <summary>Names bytes: the first half of their SHA-256.</summary>
    public static UInt128 NameOf(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, hash);
        return BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }

    /// <summary>Appends the list of a snapshot's pieces: a count, then length and name of each.</summary>
    /// <param name="data">The snapshot.</param>
    /// <param name="largest">Most bytes of a piece; they are a quarter of that on average.</param>
    /// <param name="output">Where the list goes.</param>
    public static void WriteList(ReadOnlySpan<byte> data, int largest, IBufferWriter<byte> output)
    {
        var ends = new List<int>();
        for (var start = 0; start < data.Length;)
        {
            start += CutOf(data[start..], largest);
            ends.Add(start);
        }
        Varint.Write(output, (ulong)ends.Count);
        var from = 0;
        foreach (var end in ends)
        {
            Varint.Write(output, (ulong)(end - from));
            BinaryPrimitives.WriteUInt128LittleEndian(output.GetSpan(NameBytes), NameOf(data[from..end]));
            output.Advance(NameBytes);
            from = end;
        }
    }

    /// <summary>Reads such a list and moves past it; the ends are counted from <paramref name="start"/>.</summary>
    /// <exception cref="FormatException">It is not one.</exception>
    public static List<Piece> ReadList(ref ReadOnlySpan<byte> input, long start)
    {
        var count = Varint.Read(ref input);
        if (count > (ulong)input.Length / (NameBytes + 1)) throw new FormatException($"A snapshot lists {count} pieces; that many do not fit.");
        var pieces = new List<Piece>((int)count);
        for (var i = 0; i < (int)count; i++)
        {
            var length = Varint.Read(ref input);
            if (input.Length < NameBytes || length is 0 or > (ulong)SnapshotReceive.MaxBytes) throw new FormatException("A snapshot lists a piece that cannot be.");
            pieces.Add(new Piece(start += (long)length, BinaryPrimitives.ReadUInt128LittleEndian(input)));
            input = input[NameBytes..];
        }
        return pieces;
    }

    private static int CutOf(ReadOnlySpan<byte> data, int largest)
    {
        // A cut where the top bits of a hash of the last 64 bytes are zero; never so early that lists become longer than they save.
        var average = Math.Max(64, largest / 4);
        var least = Math.Min(data.Length, average / 4);
        var most = Math.Min(data.Length, Math.Max(average, largest));
        var mask = ulong.MaxValue << (64 - Math.Max(1, (int)Math.Log2(average)));
        ulong hash = 0;
        for (var i = Math.Max(0, least - 64); i < most; i++)
        {
            hash = (hash << 1) + Gear[data[i]];
            if (i >= least && (hash & mask) == 0) return i + 1;
        }
        return most;
    }

    private static ulong[] MakeGear()
    {
        // splitmix64 of the byte: any table without structure will do, as long as it is the same everywhere.
        var gear = new ulong[256];
        for (var i = 0; i < gear.Length; i++)
        {
            var z = ((ulong)i + 1) * 0x9E3779B97F4A7C15;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            gear[i] = z ^ (z >> 31);
        }
        return gear;
    }
}
