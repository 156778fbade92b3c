using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace TokMesh.Cluster.Auth;

/// <summary>
/// Verifiers of API secrets: PBKDF2-HMAC-SHA-256 (RFC 8018) in PHC string form,
/// <c>$pbkdf2-sha256$i=10000$salt$hash</c>. Secrets are 256 random bits, so the cost guards against nothing but a weak import.
/// </summary>
public static class SecretVerifier
{
    private const int Iterations = 10_000;
    private const int SaltBytes = 16;
    private const int HashBytes = 32;
    private const string Scheme = "pbkdf2-sha256";

    /// <summary>A verifier for a new secret.</summary>
    /// <param name="secret">The whole <c>tmas_…</c> string.</param>
    /// <param name="fillRandom">Randomness for the salt.</param>
    public static string Make(string secret, Action<Span<byte>> fillRandom)
    {
        var salt = new byte[SaltBytes];
        fillRandom(salt);
        var hash = Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(secret), salt, Iterations, HashAlgorithmName.SHA256, HashBytes);
        return $"${Scheme}$i={Iterations}${Base64(salt)}${Base64(hash)}";
    }

    /// <summary>Whether the secret is the verifier's, with the parameters stored in it. False for a scheme this version does not know.</summary>
    public static bool Verify(string secret, string verifier)
    {
        var parts = verifier.Split('$');
        if (parts is not ["", Scheme, ['i', '=', .. var count], var salt, var hash]
            || !int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var iterations) || iterations < 1) return false;
        var expected = FromBase64(hash);
        var salted = FromBase64(salt);
        // An empty hash would equal that of any secret.
        if (expected is not { Length: >= HashBytes } || salted is null) return false;
        var actual = Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(secret), salted, iterations, HashAlgorithmName.SHA256, expected.Length);
        return CryptographicOperations.FixedTimeEquals(actual, expected);
    }

    // PHC strings use Base64 without padding.
    private static string Base64(byte[] bytes) => Convert.ToBase64String(bytes).TrimEnd('=');

    private static byte[]? FromBase64(string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='), bytes, out var length) ? bytes[..length] : null;
    }
}
