using System.Text;

namespace TokMesh.Redis.Protocol;

/// <summary>Comparison of options, which Redis reads in any case.</summary>
internal static class Words
{
    /// <summary>Whether a word is the option, given in lower case.</summary>
    public static bool Is(ReadOnlySpan<byte> word, ReadOnlySpan<byte> option) => Ascii.EqualsIgnoreCase(word, option);
}
