namespace TokMesh.Log.Format;

/// <summary>How a file's bodies are encrypted. The numbers are on disk: they may only grow.</summary>
internal enum CipherId : byte
{
    None = 0,
    Aes256Gcm = 1,
    ChaCha20Poly1305 = 2,
}
