using Microsoft.AspNetCore.Http;

namespace TokMesh.Gateway.Protection;

/// <summary>The key id and secret a request brings, not yet checked.</summary>
internal readonly ref struct Credential
{
    private const string Bearer = "Bearer ";

    private Credential(ReadOnlySpan<char> keyId, string secret)
    {
        KeyId = keyId;
        Secret = secret;
    }

    public ReadOnlySpan<char> KeyId { get; }

    public string Secret { get; }

    /// <summary>
    /// <c>Authorization: Bearer id:secret</c>, else <c>X-API-Key: id:secret</c>, else <c>X-API-Key-ID</c> with the secret alone in
    /// <c>X-API-Key</c>. False when there is none, or it cannot be split.
    /// </summary>
    public static bool TryRead(IHeaderDictionary headers, out Credential credential)
    {
        if (headers.Authorization is [{ } authorization] && authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
            return TrySplit(authorization.AsSpan(Bearer.Length).Trim(), out credential);
        credential = default;
        if (headers["X-API-Key"] is not [{ } key]) return false;
        if (TrySplit(key, out credential)) return true;
        if (headers["X-API-Key-ID"] is not [{ } id] || key.Length == 0) return false;
        credential = new Credential(id, key);
        return true;
    }

    private static bool TrySplit(ReadOnlySpan<char> text, out Credential credential)
    {
        credential = default;
        var colon = text.IndexOf(':');
        if (colon < 1 || colon == text.Length - 1) return false;
        credential = new Credential(text[..colon], text[(colon + 1)..].ToString());
        return true;
    }
}
