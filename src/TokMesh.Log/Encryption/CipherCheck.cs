using TokMesh.Log.Format;

namespace TokMesh.Log.Encryption;

/// <summary>Whether the configured key fits how a file says it is encrypted.</summary>
internal static class CipherCheck
{
    // A plain file is refused when there is a key: otherwise somebody who can write the directory could slip in a log of
    // their own, and encryption would authenticate nothing.
    public static void ThrowUnlessFits(string file, CipherId cipher, byte[]? key)
    {
        if (cipher > CipherId.ChaCha20Poly1305)
            throw new LogUnreadableException(file, $"it is encrypted with cipher {(byte)cipher}, which this version does not know");
        if (key is null && cipher != CipherId.None) throw new LogUnreadableException(file, "it is encrypted and no key is configured");
        if (key is not null && cipher == CipherId.None)
            throw new LogUnreadableException(file, "it is not encrypted, but a key is configured. Start without the key, or restore the node from its peers into an empty directory");
    }

    public static LogUnreadableException CannotDecrypt(string file) =>
        new(file, "it cannot be decrypted: wrong key or damaged");
}
