using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace TokMesh.Cluster.Transport;

/// <summary>Addresses as they are configured and told: <c>host:port</c>.</summary>
public static class HostAndPort
{
    /// <summary>Takes one apart, whose port is 1 to 65535.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out string? host, out int port) => TrySplit(text, out host, out port) && port is >= 1 and <= 65_535;

    /// <summary>Takes one apart, whatever the number of its port. Digits alone, and no zero before them: one port has one spelling.</summary>
    public static bool TrySplit(string text, [NotNullWhen(true)] out string? host, out int port)
    {
        var colon = text.LastIndexOf(':');
        host = colon > 0 ? text[..colon] : null;
        port = 0;
        return host is not null && int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) && (text[colon + 1] != '0' || port == 0);
    }
}
