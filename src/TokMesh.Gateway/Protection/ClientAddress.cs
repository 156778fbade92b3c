using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace TokMesh.Gateway.Protection;

/// <summary>
/// The address a request counts for: the TCP peer, unless that is a trusted proxy; then what the proxies say.
/// Entries are read from the right, as far as they are trusted proxies themselves: what stands further left, a client may have
/// written.
/// </summary>
internal sealed class ClientAddress(AddressBlocks trustedProxies)
{
    public IPAddress? Of(HttpContext http)
    {
        var peer = http.Connection.RemoteIpAddress;
        if (trustedProxies.IsEmpty || !trustedProxies.Contains(peer)) return peer;
        var headers = http.Request.Headers;
        var forwarded = headers["Forwarded"];
        if (forwarded.Count > 0) return Walk(forwarded, isForwarded: true) ?? peer;
        var chain = headers["X-Forwarded-For"];
        if (chain.Count > 0) return Walk(chain, isForwarded: false) ?? peer;
        return headers["X-Real-IP"] is [{ } single] ? Parse(single) ?? peer : peer;
    }

    private IPAddress? Walk(StringValues header, bool isForwarded)
    {
        IPAddress? last = null;
        for (var line = header.Count - 1; line >= 0; line--)
        {
            var entries = (header[line] ?? "").Split(',');
            for (var i = entries.Length - 1; i >= 0; i--)
            {
                var entry = entries[i].AsSpan().Trim();
                if (entry.IsEmpty) continue;
                last = Parse(isForwarded ? NodeOf(entry) : entry);
                if (last is null || !trustedProxies.Contains(last)) return last;
            }
        }
        return last;
    }

    /// <summary>The <c>for=</c> of one element of a Forwarded header (RFC 7239); empty if it has none.</summary>
    private static ReadOnlySpan<char> NodeOf(ReadOnlySpan<char> element)
    {
        foreach (var range in element.Split(';'))
        {
            var pair = element[range].Trim();
            if (pair.StartsWith("for=", StringComparison.OrdinalIgnoreCase)) return pair[4..].Trim().Trim('"');
        }
        return default;
    }

    /// <summary>An address with or without a port, an IPv6 one with a port in brackets; null for anything else.</summary>
    private static IPAddress? Parse(ReadOnlySpan<char> text)
    {
        text = text.Trim();
        if (text is ['[', ..])
        {
            var close = text.IndexOf(']');
            text = close < 0 ? default : text[1..close];
        }
        else if (text.Count(':') == 1) text = text[..text.IndexOf(':')];
        return IPAddress.TryParse(text, out var address) ? address : null;
    }
}
