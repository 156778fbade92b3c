using System.Net;
using System.Net.Sockets;
using System.Text;

namespace TokMesh.State.Sessions;

/// <summary>Addresses as the state keeps them: 4 bytes, 16 bytes, or nothing. IPv4 inside IPv6 becomes IPv4.</summary>
public static class IpBytes
{
    /// <summary>The bytes of an address; empty for null.</summary>
    public static byte[] Of(IPAddress? address)
    {
        if (address is null) return [];
        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4().GetAddressBytes() : address.GetAddressBytes();
    }

    /// <summary>Writes the text form, ASCII, at most 45 bytes; returns the bytes written, 0 for no address.</summary>
    public static int Format(ReadOnlySpan<byte> ip, Span<byte> target)
        => ip.IsEmpty || !new IPAddress(ip).TryFormat(target, out var written) ? 0 : written;

    /// <summary>The text form; empty for no address.</summary>
    public static string ToText(ReadOnlySpan<byte> ip)
    {
        Span<byte> text = stackalloc byte[64];
        return Encoding.ASCII.GetString(text[..Format(ip, text)]);
    }

    /// <summary>Reads an address or a CIDR block (<c>10.0.0.0/8</c>); a bare address is a block of itself.</summary>
    public static bool TryParseBlock(string text, out byte[] ip, out int prefixBits)
    {
        ip = [];
        prefixBits = 0;
        var slash = text.IndexOf('/');
        if (!IPAddress.TryParse(slash < 0 ? text : text.AsSpan(0, slash), out var address)) return false;
        ip = Of(address);
        prefixBits = ip.Length * 8;
        if (slash < 0) return true;
        var mapped = address.AddressFamily == AddressFamily.InterNetworkV6 && ip.Length == 4;
        return int.TryParse(text.AsSpan(slash + 1), System.Globalization.NumberStyles.None, null, out var bits)
            && (bits -= mapped ? 96 : 0) >= 0 && bits <= ip.Length * 8 && (prefixBits = bits) >= 0;
    }

    internal static bool InBlock(ReadOnlySpan<byte> ip, ReadOnlySpan<byte> block, int prefixBits)
    {
        if (ip.Length != block.Length) return false;
        var whole = prefixBits / 8;
        if (!ip[..whole].SequenceEqual(block[..whole])) return false;
        var rest = prefixBits % 8;
        return rest == 0 || (ip[whole] >> (8 - rest)) == (block[whole] >> (8 - rest));
    }
}
