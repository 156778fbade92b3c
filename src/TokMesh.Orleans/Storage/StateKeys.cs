using System.Globalization;
using System.Text;
using TokMesh.Cluster.Placement;
using TokMesh.State.Keys;

namespace TokMesh.Orleans.Storage;

/// <summary>
/// The names under which a grain's state is kept:
/// <code>
/// orleans/{service/provider/type/key}/state                   the head
/// orleans/{service/provider/type/key}/state/generation/n      piece n, from 0, of a large state
/// </code>
/// Every part has all but letters, digits, '-', '_', '.' and '~' percent-encoded, byte by byte, so no two grains share a name. The
/// braces are a hash tag: all of a grain's keys are in one shard.
/// </summary>
internal sealed class StateKeys
{
    private readonly string _head;

    public StateKeys(string service, string provider, GrainId grain, string state, int shardCount)
    {
        var name = new StringBuilder("orleans/{");
        Append(name, Encoding.UTF8.GetBytes(service)).Append('/');
        Append(name, Encoding.UTF8.GetBytes(provider)).Append('/');
        Append(name, grain.Type.AsSpan()).Append('/');
        Append(name, grain.Key.AsSpan()).Append("}/");
        Append(name, Encoding.UTF8.GetBytes(state));
        _head = name.ToString();
        Head = Encoding.ASCII.GetBytes(_head);
        Group = Sharding.OfKey(Head, shardCount).Group;
    }

    /// <summary>The key that says what the state is.</summary>
    public byte[] Head { get; }

    /// <summary>Where all of them are.</summary>
    public uint Group { get; }

    /// <summary>Whether the store takes names as long as these.</summary>
    public bool AreTooLong => Head.Length > KeyRules.MaxKeyBytes - 64;

    /// <summary>A piece of a large state.</summary>
    public byte[] Chunk(Generation generation, int number) =>
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{_head}/{generation.Id:N}/{number}"));

    private static StringBuilder Append(StringBuilder name, ReadOnlySpan<byte> part)
    {
        foreach (var b in part)
        {
            if (char.IsAsciiLetterOrDigit((char)b) || b is (byte)'-' or (byte)'_' or (byte)'.' or (byte)'~') name.Append((char)b);
            else name.Append(CultureInfo.InvariantCulture, $"%{b:X2}");
        }
        return name;
    }
}
