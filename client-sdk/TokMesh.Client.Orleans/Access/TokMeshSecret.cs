using System.Security.Cryptography;

namespace TokMesh.Client.Orleans.Access;

/// <summary>
/// What opens the ports of a cluster without TLS: 32 bytes that both ends of a connection have and neither sends. Nodes have the cluster's own;
/// applications get one that is derived from it, which opens the gateway port alone.
/// </summary>
public sealed class TokMeshSecret
{
    private const int Bytes = 32;
    private readonly byte[] _key;

    private TokMeshSecret(byte[] key) => _key = key;

    /// <summary>The key of a connection's challenge.</summary>
    internal ReadOnlySpan<byte> Key => _key;

    /// <summary>A new one.</summary>
    public static TokMeshSecret Draw() => new(RandomNumberGenerator.GetBytes(Bytes));

    /// <summary>Reads one from a file: 64 hexadecimal digits, with or without a line's end.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not read it.</exception>
    /// <exception cref="FormatException">It holds something else; the message names the file alone.</exception>
    public static TokMeshSecret Read(string file)
    {
        var text = File.ReadAllText(file).Trim();
        if (text.Length != 2 * Bytes || !text.All(char.IsAsciiHexDigit)) throw new FormatException($"{file} does not hold a secret: {2 * Bytes} hexadecimal digits, and nothing else.");
        return new TokMeshSecret(Convert.FromHexString(text));
    }

    /// <summary>Why a file cannot be read as a secret; null when it can.</summary>
    public static string? ProblemOf(string file)
    {
        try
        {
            Read(file);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            return e.Message;
        }
    }

    /// <summary>What an application of this cluster gets: it opens the gateway port, and nobody becomes a node with it.</summary>
    public TokMeshSecret ForClients() => new(HMACSHA256.HashData(_key, "tokmesh client"u8));

    /// <summary>The form it has in a file.</summary>
    public string ToFileText() => Convert.ToHexStringLower(_key) + "\n";

    /// <summary>Shows nothing.</summary>
    public override string ToString() => "(secret)";
}
