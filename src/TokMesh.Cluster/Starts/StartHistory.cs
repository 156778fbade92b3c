using System.Buffers.Binary;
using TokMesh.Log.Recovery;
using TokMesh.Log.Writing;

namespace TokMesh.Cluster.Starts;

/// <summary>
/// The newest starts of a node, kept in its log: a node that knows one of them can tell whether the node goes on from there, or from an older
/// or another copy of its directory.
/// </summary>
public sealed class StartHistory
{
    /// <summary>Number of the note in the log (<see cref="LogBatch.AppendNote"/>) that holds a node's own starts.</summary>
    public const uint Note = 0;

    /// <summary>
    /// How many are kept. Somebody who knows only an older one than these can still tell by its number that the node has gone on.
    /// </summary>
    public const int MaxStarts = 32;

    private const int StartBytes = 16;

    private StartHistory(IReadOnlyList<NodeStart> starts) => Starts = starts;

    /// <summary>The starts, oldest first, with consecutive numbers.</summary>
    public IReadOnlyList<NodeStart> Starts { get; }

    /// <summary>The newest; <see cref="NodeStart.None"/> when there was none.</summary>
    public NodeStart Current => Starts.Count == 0 ? NodeStart.None : Starts[^1];

    /// <summary>The history with one start more.</summary>
    public StartHistory With(ulong nonce) =>
        new([.. Starts.Skip(Math.Max(0, Starts.Count + 1 - MaxStarts)), new NodeStart(Current.Number + 1, nonce)]);

    /// <summary>The stored form: 16 bytes a start, little-endian.</summary>
    public byte[] Encode()
    {
        var bytes = new byte[Starts.Count * StartBytes];
        for (var i = 0; i < Starts.Count; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(i * StartBytes), Starts[i].Number);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(i * StartBytes + 8), Starts[i].Nonce);
        }
        return bytes;
    }

    /// <summary>Reads the stored form; empty for a node that never started.</summary>
    public static StartHistory Decode(ReadOnlySpan<byte> bytes)
    {
        var starts = new NodeStart[bytes.Length / StartBytes];
        for (var i = 0; i < starts.Length; i++)
        {
            starts[i] = new NodeStart(BinaryPrimitives.ReadUInt64LittleEndian(bytes[(i * StartBytes)..]),
                BinaryPrimitives.ReadUInt64LittleEndian(bytes[(i * StartBytes + 8)..]));
        }
        return new StartHistory(starts);
    }
}

/// <summary>What a node says of its past when it introduces itself.</summary>
/// <param name="Starts">Its newest starts, oldest first, the present one last.</param>
/// <param name="LogSequence">How far its log was when this start found it (<see cref="LogRecovery.Sequence"/>).</param>
public sealed record NodePast(IReadOnlyList<NodeStart> Starts, ulong LogSequence)
{
    /// <summary>The present start.</summary>
    public NodeStart Current => Starts.Count == 0 ? NodeStart.None : Starts[^1];
}
