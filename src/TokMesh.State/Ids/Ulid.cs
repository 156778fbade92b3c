namespace TokMesh.State.Ids;

/// <summary>
/// A ULID: 128 bits, written as 26 lowercase Crockford base32 characters. Reading accepts any case; the
/// letters i, l, o, u are refused, as is a first character above 7. Order of values is order of texts.
/// </summary>
public readonly record struct Ulid(UInt128 Value)
{
    /// <summary>Characters of the text form.</summary>
    public const int TextLength = 26;

    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

    /// <summary>The time part, Unix milliseconds.</summary>
    public long UnixMs => (long)(ulong)(Value >> 80);

    /// <summary>A ULID of a time (48 bits of Unix milliseconds) and 80 random bits.</summary>
    public static Ulid Of(long unixMs, ReadOnlySpan<byte> random10)
    {
        UInt128 value = (ulong)unixMs & 0xFFFF_FFFF_FFFF;
        for (var i = 0; i < 10; i++) value = (value << 8) | random10[i];
        return new Ulid(value);
    }

    /// <summary>Reads 26 characters, any case.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Ulid ulid)
    {
        ulid = default;
        if (text.Length != TextLength) return false;
        UInt128 value = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var digit = Digit(text[i]);
            if (digit < 0 || (i == 0 && digit > 7)) return false;
            value = (value << 5) | (uint)digit;
        }
        ulid = new Ulid(value);
        return true;
    }

    /// <summary>Writes 26 lowercase characters.</summary>
    public void Format(Span<char> target)
    {
        var value = Value;
        for (var i = TextLength - 1; i >= 0; i--)
        {
            target[i] = Alphabet[(int)(uint)value & 31];
            value >>= 5;
        }
    }

    /// <summary>By value, which is by text.</summary>
    public int CompareTo(Ulid other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override string ToString() => string.Create(TextLength, this, static (span, ulid) => ulid.Format(span));

    private static int Digit(char c) => c switch
    {
        >= '0' and <= '9' => c - '0',
        >= 'a' and <= 'z' => Alphabet.IndexOf(c, 10),
        >= 'A' and <= 'Z' => Alphabet.IndexOf((char)(c | 0x20), 10),
        _ => -1,
    };
}
