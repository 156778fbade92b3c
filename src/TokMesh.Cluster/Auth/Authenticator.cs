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
    private const int LatelyMs = 60_000;
    private readonly ConcurrentDictionary<(ulong, ulong, ulong, ulong), (string Verifier, long Until)> _verified = new();

    /// <summary>Verdicts found remembered.</summary>
    public long Hits => _hits;

    /// <summary>Verdicts that had to be computed.</summary>
    public long Misses => _misses;

    private long _hits;
    private long _misses;

    /// <summary>Checks a key id and its secret; takes milliseconds when the secret was not verified before.</summary>
    public Identity Authenticate(ReadOnlySpan<char> keyId, string secret) =>
        TryAuthenticate(keyId, secret, out var identity, out var id, out var key) ? identity : Verify(key!, secret) ? Judge(id, key!) : Refuse(ErrorCode.AuthInvalid);

    /// <summary>The same, as far as it takes microseconds: false when the secret has to be computed first.</summary>
    public bool TryAuthenticate(ReadOnlySpan<char> keyId, string secret, out Identity identity) => TryAuthenticate(keyId, secret, out identity, out _, out _);

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

    /// <summary>Whether the secret has been right here lately: its verdict is remembered, or ended less than a minute ago. Costs one hash.</summary>
    public bool WasRight(ReadOnlySpan<char> keyId, string secret) =>
        ApiKeyId.TryParse(keyId, out var id) && ApiSecret.IsWellFormed(secret) && _verified.TryGetValue(NameOf(id.ToString(), secret), out var known) && known.Until + LatelyMs > wallMs();

    private bool TryAuthenticate(ReadOnlySpan<char> keyId, string secret, out Identity identity, out ApiKeyId id, out ApiKey? key)
    {
        key = null;
        if (!ApiKeyId.TryParse(keyId, out id) || !ApiSecret.IsWellFormed(secret)) identity = Refuse(ErrorCode.AuthInvalid);
        else if (meta() is not { } view) identity = Refuse(ErrorCode.SysUnavailable);
        else if (!view.ApiKeys.TryGetValue(id.ToString(), out key)) identity = Refuse(ErrorCode.AuthInvalid);
        else if (_verified.TryGetValue(NameOf(key.KeyId, secret), out var known) && known.Until > wallMs() && known.Verifier == key.Verifier)
        {
            Interlocked.Increment(ref _hits);
            identity = Judge(id, key);
        }
        else
        {
            identity = default;
            return false;
        }
        return true;
    }

    private bool Verify(ApiKey key, string secret)
    {
        Interlocked.Increment(ref _misses);
        if (!SecretVerifier.Verify(secret, key.Verifier)) return false;
        // Only true verdicts are kept, so a guesser cannot fill the memory; keys are few, so clearing it all is cheap enough.
        if (_verified.Count >= capacity) _verified.Clear();
        _verified[NameOf(key.KeyId, secret)] = (key.Verifier, wallMs() + lifetimeMs);
        return true;
    }

    private static (ulong, ulong, ulong, ulong) NameOf(string keyId, string secret)
    {
        // Both are of a fixed length by now.
        Span<byte> text = stackalloc byte[256];
        var length = Encoding.UTF8.GetBytes(keyId, text);
        text[length++] = (byte)':';
        length += Encoding.UTF8.GetBytes(secret, text[length..]);
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(text[..length], hash);
        return (BitConverter.ToUInt64(hash), BitConverter.ToUInt64(hash[8..]), BitConverter.ToUInt64(hash[16..]), BitConverter.ToUInt64(hash[24..]));
    }
}
