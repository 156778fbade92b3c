namespace TokMesh.Cluster.Auth;

/// <summary>
/// The text form of an API key's secret: <c>tmas_</c> + 32 bytes in Base62, alphabet <c>0-9A-Za-z</c>, padded with
/// <c>0</c> on the left to 43 characters.
/// </summary>
public static class ApiSecret
{
    /// <summary>The prefix.</summary>
    public const string Prefix = "tmas_";

    /// <summary>Characters of the whole text.</summary>
    public const int TextLength = 48;

    private const int BodyLength = 43;
    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    /// <summary>The secret of 32 random bytes.</summary>
    public static string Format(ReadOnlySpan<byte> random32)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(random32.Length, 32);
        Span<char> text = stackalloc char[TextLength];
        Prefix.CopyTo(text);
        Span<byte> number = stackalloc byte[32];
        random32.CopyTo(number);
        for (var at = TextLength - 1; at >= TextLength - BodyLength; at--) text[at] = Alphabet[DivideBy62(number)];
        return new string(text);
    }

    /// <summary>True for the prefix and 43 Base62 characters. Case-sensitive.</summary>
    public static bool IsWellFormed(ReadOnlySpan<char> text)
    {
        if (text.Length != TextLength || !text.StartsWith(Prefix, StringComparison.Ordinal)) return false;
        foreach (var c in text[5..])
        {
            if (!char.IsAsciiLetterOrDigit(c)) return false;
        }
        return true;
    }

    /// <summary>Divides a big-endian number in place and gives the remainder.</summary>
    private static int DivideBy62(Span<byte> number)
    {
        var remainder = 0;
        for (var i = 0; i < number.Length; i++)
        {
            var part = (remainder << 8) | number[i];
            number[i] = (byte)(part / 62);
            remainder = part % 62;
        }
        return remainder;
    }
}
