using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using TokMesh.State.Errors;

namespace TokMesh.State.Ids;

/// <summary>
/// SHA-256 of a whole token, prefix included. The state knows tokens by this alone. Sensitive: not for logs; its text form
/// is <c>tmth_</c> + 64 lowercase hex digits.
/// </summary>
public readonly record struct TokenHash(UInt128 High, UInt128 Low)
{
    /// <summary>Bytes of the hash.</summary>
    public const int Size = 32;

    /// <summary>The prefix of the text form.</summary>
    public const string Prefix = "tmth_";

    /// <summary>The hash of a token's UTF-8 bytes.</summary>
    public static TokenHash OfToken(ReadOnlySpan<byte> token)
    {
        Span<byte> hash = stackalloc byte[Size];
        SHA256.HashData(token, hash);
        return Read(hash);
    }

    /// <summary>The hash of a token.</summary>
    public static TokenHash OfToken(string token) => OfToken(TextRules.Utf8.GetBytes(token));

    /// <summary>Takes the 32 bytes.</summary>
    public static TokenHash Read(ReadOnlySpan<byte> bytes)
        => new(BinaryPrimitives.ReadUInt128BigEndian(bytes), BinaryPrimitives.ReadUInt128BigEndian(bytes[16..]));

    /// <summary>Gives the 32 bytes.</summary>
    public void CopyTo(Span<byte> target)
    {
        BinaryPrimitives.WriteUInt128BigEndian(target, High);
        BinaryPrimitives.WriteUInt128BigEndian(target[16..], Low);
    }

    /// <summary>Reads the text form in any case.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out TokenHash hash)
    {
        hash = default;
        Span<byte> bytes = stackalloc byte[Size];
        if (text.Length != 69 || !text[..5].Equals(Prefix, StringComparison.OrdinalIgnoreCase)
            || Convert.FromHexString(text[5..], bytes, out _, out var written) != OperationStatus.Done || written != Size)
            return false;
        hash = Read(bytes);
        return true;
    }

    /// <summary>The text form. Sensitive.</summary>
    public string ToText()
    {
        Span<byte> bytes = stackalloc byte[Size];
        CopyTo(bytes);
        return Prefix + Convert.ToHexStringLower(bytes);
    }

    /// <summary>Masked, so that a record printed by mistake gives nothing away.</summary>
    public override string ToString() => "tmth_***";
}
