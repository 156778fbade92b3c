using System.Text;
using System.Text.Json;
using TokMesh.Cluster.Placement;

namespace TokMesh.Cluster.Tests;

public sealed class MurmurHash3Tests
{
    [Fact]
    public void Every_published_vector_is_met()
    {
        var path = Path.Combine(AppContext.BaseDirectory, "Vectors", "murmur3_x86_32.json");
        using var vectors = JsonDocument.Parse(File.ReadAllBytes(path));
        Assert.NotEqual(0, vectors.RootElement.GetArrayLength());
        foreach (var vector in vectors.RootElement.EnumerateArray())
        {
            var bytes = vector.TryGetProperty("hex", out var hex)
                ? Convert.FromHexString(hex.GetString()!) : Encoding.UTF8.GetBytes(vector.GetProperty("utf8").GetString()!);
            var seed = vector.GetProperty("seed").GetUInt32();
            var name = vector.ToString();
            Assert.Equal((name, vector.GetProperty("hash").GetUInt32()), (name, MurmurHash3.Hash(bytes, seed)));
        }
    }

    [Theory]
    [InlineData("hello", 0x248bfa47u)]
    [InlineData("tmss-01kcnxr35v2t8htzb9y878q677", 0x71b9ff48u)]
    [InlineData("tmss-01j3n5x0p9k2c7h8d4f6g1m2n8", 0x9f1a28e4u)]
    public void The_contract_s_own_vectors_are_met(string text, uint hash) =>
        Assert.Equal(hash, MurmurHash3.Hash(Encoding.UTF8.GetBytes(text)));
}
