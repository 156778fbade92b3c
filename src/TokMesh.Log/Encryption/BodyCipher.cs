using System.Security.Cryptography;
using TokMesh.Log.Format;
using ArmAes = System.Runtime.Intrinsics.Arm.Aes;
using X86Aes = System.Runtime.Intrinsics.X86.Aes;

namespace TokMesh.Log.Encryption;

/// <summary>
/// Encrypts the bodies of one file, in place. Each file has a key of its own, derived from the master key and 16 random
/// bytes in the file's header. A file takes few enough bodies (a segment holds under 2^24) that a random 96-bit nonce
/// per body repeats with a chance below 2^-48, for any number of files, restarts and copied directories: no counter has
/// to survive a crash, which is where counters repeat.
/// </summary>
internal sealed class BodyCipher : IDisposable
{
    public const int NonceBytes = 12;
    public const int TagBytes = 16;
    public const int MasterKeyBytes = 32;

    private readonly AesGcm? _aes;
    private readonly ChaCha20Poly1305? _chaCha;

    private BodyCipher(CipherId id, ReadOnlySpan<byte> key)
    {
        if (id == CipherId.Aes256Gcm) _aes = new AesGcm(key, TagBytes);
        else _chaCha = new ChaCha20Poly1305(key);
    }

    /// <summary>What this host writes: AES where the CPU has instructions for it, otherwise the cipher that needs none.</summary>
    public static CipherId Preferred { get; } =
        AesGcm.IsSupported && (X86Aes.IsSupported || ArmAes.IsSupported || !ChaCha20Poly1305.IsSupported)
            ? CipherId.Aes256Gcm
            : CipherId.ChaCha20Poly1305;

    /// <summary>The cipher of one file, or null when <paramref name="id"/> is <see cref="CipherId.None"/>.</summary>
    public static BodyCipher? Create(CipherId id, ReadOnlySpan<byte> masterKey, UInt128 salt, ReadOnlySpan<byte> purpose)
    {
        if (id == CipherId.None) return null;
        Span<byte> saltBytes = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128LittleEndian(saltBytes, salt);
        Span<byte> key = stackalloc byte[MasterKeyBytes];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, masterKey, key, saltBytes, purpose);
        try
        {
            return new BodyCipher(id, key);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    public void Seal(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associated, Span<byte> text, Span<byte> tag)
    {
        if (_aes is not null) _aes.Encrypt(nonce, text, text, tag, associated);
        else _chaCha!.Encrypt(nonce, text, text, tag, associated);
    }

    /// <summary>False when the key is another one or the bytes are not what was sealed; the text is then unusable.</summary>
    public bool TryOpen(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associated, Span<byte> text, ReadOnlySpan<byte> tag)
    {
        try
        {
            if (_aes is not null) _aes.Decrypt(nonce, text, tag, text, associated);
            else _chaCha!.Decrypt(nonce, text, tag, text, associated);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        _aes?.Dispose();
        _chaCha?.Dispose();
    }
}
