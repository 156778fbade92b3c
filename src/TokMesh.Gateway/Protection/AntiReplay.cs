using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using TokMesh.Cluster.Clocks;
using TokMesh.Gateway.FrontEnd;
using TokMesh.Gateway.Metering;
using TokMesh.State.Errors;
using TokMesh.State.Ids;

namespace TokMesh.Gateway.Protection;

/// <summary>
/// Refuses a request that was sent before: a timestamp near this node's clock, and a nonce that its key has not
/// used here. Holds on one node; an idempotency key is what holds across nodes.
/// </summary>
internal sealed class AntiReplay(AntiReplayOptions options, IClock clock, GatewayMetrics metrics)
{
    private const int MaxNonceLength = 256;
    private readonly Lock _lock = new();
    private readonly HashSet<UInt128> _seen = [];
    private readonly Queue<(UInt128 Nonce, long Until)> _order = new();

    /// <summary>Null when the request may go on.</summary>
    /// <param name="headers">The request's.</param>
    /// <param name="key">Whose nonces count.</param>
    /// <param name="mayBeRequired">Whether the operation is one that the headers are asked of, when they are required.</param>
    public RuleViolation? Check(IHeaderDictionary headers, ApiKeyId key, bool mayBeRequired)
    {
        var timestamp = headers["X-Timestamp"];
        var nonce = headers["X-Nonce"];
        if (timestamp.Count == 0 && nonce.Count == 0 && !(options.Required && mayBeRequired)) return null;
        if (timestamp.Count == 0) return new RuleViolation(ErrorCode.ArgumentMissing, "X-Timestamp: the header is required");
        if (nonce.Count == 0) return new RuleViolation(ErrorCode.ArgumentMissing, "X-Nonce: the header is required");
        if (timestamp is not [{ } at] || !long.TryParse(at, NumberStyles.None, CultureInfo.InvariantCulture, out var atMs))
            return new RuleViolation(ErrorCode.ArgumentInvalid, "X-Timestamp: must be Unix milliseconds");
        if (nonce is not [{ Length: >= 1 and <= MaxNonceLength } once])
            return new RuleViolation(ErrorCode.ArgumentInvalid, "X-Nonce: must be 1 to 256 characters");
        var now = clock.WallMs;
        if (atMs < now - options.WindowSeconds * 1000L || atMs > now + options.WindowSeconds * 1000L)
            return new RuleViolation(ErrorCode.AuthTimestampSkew, $"X-Timestamp: more than {options.WindowSeconds} s away from this node's clock");
        return TryUse(key, once, clock.MonotonicMs) ? null : new RuleViolation(ErrorCode.AuthNonceReplay, "X-Nonce: used before");
    }

    private bool TryUse(ApiKeyId key, string nonce, long nowMs)
    {
        var name = NameOf(key, nonce);
        lock (_lock)
        {
            while (_order.TryPeek(out var oldest) && (oldest.Until <= nowMs || _order.Count >= options.NonceCacheSize))
            {
                if (oldest.Until > nowMs) metrics.NonceForgottenEarly();
                _order.Dequeue();
                _seen.Remove(oldest.Nonce);
            }
            if (!_seen.Add(name)) return false;
            _order.Enqueue((name, nowMs + options.NonceTtlSeconds * 1000L));
            return true;
        }
    }

    private static UInt128 NameOf(ApiKeyId key, string nonce)
    {
        Span<byte> text = stackalloc byte[16 + 3 * MaxNonceLength];
        Span<byte> hash = stackalloc byte[32];
        BitConverter.TryWriteBytes(text, key.Ulid.Value);
        SHA256.HashData(text[..(16 + Encoding.UTF8.GetBytes(nonce, text[16..]))], hash);
        return BitConverter.ToUInt128(hash);
    }
}
