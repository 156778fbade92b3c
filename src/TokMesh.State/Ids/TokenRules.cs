using System.Buffers.Text;

namespace TokMesh.State.Ids;

/// <summary>What is a token: generated ones, and ones the client brings.</summary>
public static class TokenRules
{
    /// <summary>The prefix of generated tokens.</summary>
    public const string Prefix = "tmtk_";

    /// <summary>Characters of a generated token: the prefix and 32 bytes in Base64url.</summary>
    public const int GeneratedLength = 48;

    /// <summary>Most bytes of a token a client brings.</summary>
    public const int MaxBytes = 1023;

    /// <summary>
    /// True for a well-formed token; false is TM-TOKN-4000. What starts with <c>tmtk_</c> must be a whole generated token;
    /// anything else is 1 to 1023 printable ASCII characters without spaces. Case is never changed.
    /// </summary>
    public static bool IsWellFormed(ReadOnlySpan<char> token)
    {
        if (token.StartsWith(Prefix, StringComparison.Ordinal)) return token.Length == GeneratedLength && !token[5..].ContainsAnyExcept(Base64UrlChars);
        return token.Length is >= 1 and <= MaxBytes && !token.ContainsAnyExceptInRange('!', '~');
    }

    /// <summary>The token of 32 random bytes.</summary>
    public static string Format(ReadOnlySpan<byte> random32)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(random32.Length, 32);
        return Prefix + Base64Url.EncodeToString(random32);
    }

    /// <summary>The same, as ASCII into <paramref name="token"/> of <see cref="GeneratedLength"/> bytes.</summary>
    public static void Format(ReadOnlySpan<byte> random32, Span<byte> token)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(random32.Length, 32);
        "tmtk_"u8.CopyTo(token);
        Base64Url.EncodeToUtf8(random32, token[5..]);
    }

    private static readonly System.Buffers.SearchValues<char> Base64UrlChars =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
}
