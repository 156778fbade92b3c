using System.Text;

namespace TokMesh.State.Ids;

/// <summary>A API key id, <c>tmak-</c> + ULID. Public: it may be logged. Canonical form is lowercase; any case is read.</summary>
public readonly record struct ApiKeyId(Ulid Ulid)
{
    /// <summary>The prefix of the text form.</summary>
    public const string Prefix = "tmak-";

    /// <summary>Characters (and bytes) of the text form.</summary>
    public const int TextLength = PrefixedUlid.Length;

    /// <summary>Reads the text form in any case.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out ApiKeyId id)
    {
        var read = PrefixedUlid.TryParse(text, Prefix, out var ulid);
        id = new ApiKeyId(ulid);
        return read;
    }

    /// <summary>Reads the UTF-8 text form in any case.</summary>
    public static bool TryParse(ReadOnlySpan<byte> utf8, out ApiKeyId id)
    {
        var read = PrefixedUlid.TryParse(utf8, Prefix, out var ulid);
        id = new ApiKeyId(ulid);
        return read;
    }

    /// <summary>Writes the canonical form, <see cref="TextLength"/> ASCII bytes.</summary>
    public void Format(Span<byte> target)
    {
        Span<char> text = stackalloc char[TextLength];
        PrefixedUlid.Format(Ulid, Prefix, text);
        Encoding.ASCII.GetBytes(text, target);
    }

    /// <summary>By value, which is by text.</summary>
    public int CompareTo(ApiKeyId other) => Ulid.CompareTo(other.Ulid);

    /// <summary>The canonical form.</summary>
    public override string ToString()
        => string.Create(TextLength, Ulid, static (span, ulid) => PrefixedUlid.Format(ulid, Prefix, span));
}
