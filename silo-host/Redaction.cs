using System.Text.RegularExpressions;

namespace TokMesh.Host;

/// <summary>Masks tokens, API secrets and token hashes in text for logs.</summary>
internal static partial class Redaction
{
    public static string Mask(string text) => text.Contains("tm", StringComparison.Ordinal) ? Sensitive().Replace(text, "$1***REDACTED***") : text;

    [GeneratedRegex("(tmtk_|tmas_|tmth_)[A-Za-z0-9_-]+")]
    private static partial Regex Sensitive();
}
