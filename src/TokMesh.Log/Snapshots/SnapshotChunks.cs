using System.Buffers.Binary;
using TokMesh.Log.Encryption;
using TokMesh.Log.Format;

namespace TokMesh.Log.Snapshots;

/// <summary>
/// Seals and opens a snapshot's chunks. The nonce is the chunk's number: the file has a key of its own from the random
/// salt in its header, and a number is sealed once per file.
/// </summary>
internal sealed class SnapshotChunks : IDisposable
{
    private readonly BodyCipher? _cipher;
    private readonly int _tagBytes;
    private readonly byte[] _associated = new byte[SnapshotHeader.AssociatedBytes + sizeof(ulong)];

    public SnapshotChunks(SnapshotHeader header, byte[]? key)
    {
        _cipher = BodyCipher.Create(header.Cipher, key, header.Salt, SnapshotHeader.KeyPurpose);
        _tagBytes = _cipher is null ? 0 : BodyCipher.TagBytes;
        Span<byte> head = stackalloc byte[SnapshotHeader.Bytes];
        header.Write(head);
        // Without the header's own checksum: a checksum over bytes and their checksum is the same for all bytes.
        head[..SnapshotHeader.AssociatedBytes].CopyTo(_associated);
    }

    /// <summary>Seals in place: <paramref name="chunk"/> is the bytes, then room for tag and checksum.</summary>
    public void Seal(long number, Span<byte> chunk)
    {
        SetNumber(number);
        var stored = chunk[..^sizeof(uint)];
        if (_cipher is not null)
        {
            Span<byte> nonce = stackalloc byte[BodyCipher.NonceBytes];
            WriteNonce(number, nonce);
            _cipher.Seal(nonce, _associated, stored[..^_tagBytes], stored[^_tagBytes..]);
        }
        BinaryPrimitives.WriteUInt32LittleEndian(chunk[^sizeof(uint)..], Checksum(stored));
    }

    /// <summary>Opens in place; false when the checksum is wrong.</summary>
    /// <exception cref="LogUnreadableException">The checksum is right, yet it does not decrypt.</exception>
    public bool TryOpen(string file, long number, Span<byte> chunk)
    {
        SetNumber(number);
        var stored = chunk[..^sizeof(uint)];
        if (BinaryPrimitives.ReadUInt32LittleEndian(chunk[^sizeof(uint)..]) != Checksum(stored)) return false;
        if (_cipher is null) return true;
        Span<byte> nonce = stackalloc byte[BodyCipher.NonceBytes];
        WriteNonce(number, nonce);
        return _cipher.TryOpen(nonce, _associated, stored[..^_tagBytes], stored[^_tagBytes..])
            ? true
            : throw CipherCheck.CannotDecrypt(file);
    }

    public void Dispose() => _cipher?.Dispose();

    private static void WriteNonce(long number, Span<byte> nonce)
    {
        nonce.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(nonce, number);
    }

    private void SetNumber(long number) =>
        BinaryPrimitives.WriteInt64LittleEndian(_associated.AsSpan(SnapshotHeader.AssociatedBytes), number);

    // The header and the number are in it, so a chunk from elsewhere does not pass even without encryption.
    private uint Checksum(ReadOnlySpan<byte> stored) => Crc32C.Compute(stored, Crc32C.Compute(_associated));
}
