using System.Security.Cryptography;
using System.Text;

namespace TokMesh.Launcher;

/// <summary>What the nodes of a cluster know each other by: <c>cluster.secret</c>, 32 random bytes in hexadecimal and a newline.</summary>
internal static class ClusterSecret
{
    public const string Name = "cluster.secret";

    private const int Bytes = 32;

    public static bool IsThere(string directory) => File.Exists(Path.Combine(directory, Name));

    /// <summary>Makes it unless it is there: once made it stays the same. Returns where it is.</summary>
    public static string Ensure(string directory)
    {
        var path = Path.Combine(directory, Name);
        if (!IsThere(directory)) PrivateFile.Write(path, Encoding.ASCII.GetBytes(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(Bytes)) + "\n"));
        return path;
    }
}
