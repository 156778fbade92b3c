using TokMesh.Log.Encryption;
using TokMesh.Log.Format;

namespace TokMesh.Log.Writing;

/// <summary>Where the records stand inside a frame.</summary>
internal readonly record struct FrameLayout(bool IsEncrypted)
{
    /// <summary>Bytes before the records: the header and, encrypted, the nonce.</summary>
    public int LeadingBytes => FrameHeader.Bytes + (IsEncrypted ? BodyCipher.NonceBytes : 0);

    /// <summary>Bytes after the records: encrypted, the tag.</summary>
    public int TrailingBytes => IsEncrypted ? BodyCipher.TagBytes : 0;

    /// <summary>What a frame takes beyond its records.</summary>
    public int OverheadBytes => LeadingBytes + TrailingBytes;
}
