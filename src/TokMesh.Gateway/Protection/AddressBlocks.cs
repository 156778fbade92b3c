using System.Net;
using TokMesh.State.Sessions;

namespace TokMesh.Gateway.Protection;

/// <summary>A list of addresses and CIDR blocks. IPv4 inside IPv6 counts as IPv4.</summary>
internal sealed class AddressBlocks
{
    private readonly (byte[] Ip, int Bits)[] _blocks;

    public AddressBlocks(IReadOnlyList<string> blocks)
    {
        _blocks = new (byte[], int)[blocks.Count];
        for (var i = 0; i < blocks.Count; i++)
        {
            if (!IpBytes.TryParseBlock(blocks[i], out var ip, out var bits)) throw new FormatException($"'{blocks[i]}' is not an address or a CIDR block.");
            _blocks[i] = (ip, bits);
        }
    }

    public bool IsEmpty => _blocks.Length == 0;

    public bool Contains(IPAddress? address) => address is not null && !IsEmpty && Contains(IpBytes.Of(address));

    public bool Contains(ReadOnlySpan<byte> ip)
    {
        foreach (var (block, bits) in _blocks)
            if (block.Length == ip.Length && SharesPrefix(ip, block, bits)) return true;
        return false;
    }

    private static bool SharesPrefix(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, int bits)
    {
        var whole = bits / 8;
        var rest = bits % 8;
        return a[..whole].SequenceEqual(b[..whole]) && (rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0);
    }
}
