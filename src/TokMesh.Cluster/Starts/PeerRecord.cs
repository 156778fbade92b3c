using System.Buffers.Binary;

namespace TokMesh.Cluster.Starts;

/// <summary>What a node keeps durably of another one's past.</summary>
/// <param name="Start">Its last start that was admitted.</param>
/// <param name="Sequence">How far its log was durable, as it last said.</param>
/// <param name="Former">The start admitted before that one.</param>
/// <param name="FormerSequence">How far its log was durable when the present start was admitted.</param>
/// <param name="Condemned">
/// A start that was seen to lack what had been acknowledged: nothing that goes on from it is admitted. None if there was no such.
/// </param>
internal readonly record struct PeerRecord(NodeStart Start, ulong Sequence, NodeStart Former, ulong FormerSequence, NodeStart Condemned)
{
    private const int Bytes = 64;

    /// <summary>The node goes on with another start.</summary>
    public PeerRecord Admit(NodePast past) =>
        new(past.Current, Math.Max(Sequence, past.LogSequence), Start, Sequence, Condemned);

    /// <summary>The present start has lost what had been acknowledged: what counts is what was known before it.</summary>
    public PeerRecord Condemn() => new(Former, FormerSequence, Former, FormerSequence, Start);

    public byte[] Encode()
    {
        var bytes = new byte[Bytes];
        ReadOnlySpan<ulong> fields = [Start.Number, Start.Nonce, Sequence, Former.Number, Former.Nonce, FormerSequence, Condemned.Number, Condemned.Nonce];
        for (var i = 0; i < fields.Length; i++) BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(i * 8), fields[i]);
        return bytes;
    }

    public static PeerRecord Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Bytes) throw new FormatException($"A record of a peer's past has {bytes.Length} bytes; {Bytes} are expected.");
        Span<ulong> f = stackalloc ulong[Bytes / 8];
        for (var i = 0; i < f.Length; i++) f[i] = BinaryPrimitives.ReadUInt64LittleEndian(bytes[(i * 8)..]);
        return new PeerRecord(new NodeStart(f[0], f[1]), f[2], new NodeStart(f[3], f[4]), f[5], new NodeStart(f[6], f[7]));
    }
}
