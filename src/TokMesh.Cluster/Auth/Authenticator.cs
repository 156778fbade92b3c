using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using TokMesh.Cluster.Meta;
using TokMesh.State.Errors;
using TokMesh.State.Ids;

namespace TokMesh.Cluster.Auth;

/// <summary>Who a caller turned out to be, or why it was refused.</summary>
/// <param name="Key">The key as it is now; null when refused.</param>
/// <param name="Id">The key's id.</param>
/// <param name="Error">Why it was refused.</param>
public readonly record struct Identity(ApiKey? Key, ApiKeyId Id, ErrorCode Error)
{
    /// <summary>Whether the key's role includes what this one may do. Metrics stands aside.</summary>
    public bool May(ApiRole needed) => Key is { } key && (needed == ApiRole.Metrics
        ? key.Role is ApiRole.Metrics or ApiRole.Admin
        : key.Role != ApiRole.Metrics && key.Role >= needed);
}

/// <summary>
/// Checks API keys against meta as this node has applied it. A secret that was verified once is remembered by its hash for a
/// while; status and expiry of the key are looked at on every call.
/// </summary>
/// <param name="meta">Meta as applied here; null while this node has not caught up, when nobody can be judged.</param>
/// <param name="wallMs">Unix time in milliseconds.</param>
/// <param name="capacity">Most remembered verdicts.</param>
/// <param name="lifetimeMs">How long a verdict is remembered.</param>
public sealed class Authenticator(Func<MetaView?> meta, Func<long> wallMs, int capacity = 10_000, int lifetimeMs = 60_000)
{
    private readonly ConcurrentDictionary<(ulong, ulong, ulong, ulong), (string Verifier, long Until)> _verified = new();

    /// <summary>Verdicts found remembered.</summary>
    public long Hits => _hits;

    /// <summary>Verdicts that had to be computed.</summary>
    public long Misses => _misses;

    private long _hits;
    private long _misses;

    /// <summary>Checks a key id and its secret.</summary>
    public Identity Authenticate(ReadOnlySpan<char> keyId, string secret)
    {
        if (!ApiKeyId.TryParse(keyId, out var id) || !ApiSecret.IsWellFormed(secret)) return Refuse(ErrorCode.AuthInvalid);
        if (meta() is not { } view) return Refuse(ErrorCode.SysUnavailable);
        if (!view.ApiKeys.TryGetValue(id.ToString(), out var key)) return Refuse(ErrorCode.AuthInvalid);
        if (!IsVerified(key, secret)) return Refuse(ErrorCode.AuthInvalid);
        return Judge(id, key);
    }

    /// <summary>Checks <c>key_id:key_secret</c>.</summary>
    public Identity Authenticate(string credential)
    {
        var colon = credential.IndexOf(':');
        return colon < 0 ? Refuse(ErrorCode.AuthMissing) : Authenticate(credential.AsSpan(0, colon), credential[(colon + 1)..]);
    }

    /// <summary>Looks again at a key that was verified earlier on the same connection: it may have been disabled since.</summary>
    public Identity Recheck(ApiKeyId id) =>
        meta() is not { } view ? Refuse(ErrorCode.SysUnavailable)
        : view.ApiKeys.TryGetValue(id.ToString(), out var key) ? Judge(id, key) : Refuse(ErrorCode.AuthInvalid);

    private static Identity Refuse(ErrorCode error) => new(null, default, error);

    private Identity Judge(ApiKeyId id, ApiKey key) =>
        !key.Enabled ? Refuse(ErrorCode.AuthDisabled)
        : key.ExpiresAtMs != 0 && key.ExpiresAtMs <= wallMs() ? Refuse(ErrorCode.AuthInvalid)
        : new Identity(key, id, ErrorCode.None);

    private bool IsVerified(ApiKey key, string secret)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes(key.KeyId + ":" + secret), hash);
        var name = (BitConverter.ToUInt64(hash), BitConverter.ToUInt64(hash[8..]), BitConverter.ToUInt64(hash[16..]), BitConverter.ToUInt64(hash[24..]));
        var now = wallMs();
        if (_verified.TryGetValue(name, out var known) && known.Until > now && known.Verifier == key.Verifier)
        {
            Interlocked.Increment(ref _hits);
            return true;
        }
        Interlocked.Increment(ref _misses);
        if (!SecretVerifier.Verify(secret, key.Verifier)) return false;
        // Only true verdicts are kept, so a guesser cannot fill the memory; keys are few, so clearing it all is cheap enough.
        if (_verified.Count >= capacity) _verified.Clear();
        _verified[name] = (key.Verifier, now + lifetimeMs);
        return true;
    }
}
