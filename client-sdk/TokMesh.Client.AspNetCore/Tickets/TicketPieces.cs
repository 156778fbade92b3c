namespace TokMesh.Client.AspNetCore;

/// <summary>
/// A ticket as a session's data: <c>t0</c>, <c>t1</c>, … with its Base64 in pieces, as long as a value may be; or, when it is too large for
/// that, <c>t</c> alone, which says that it is under the session's own key.
/// </summary>
internal static class TicketPieces
{
    private const int PieceChars = 1024;

    // Together with names, quotes and commas this stays below the 4096 bytes that data may have as JSON.
    private const int MostChars = 4000;
    private const string Elsewhere = "t";

    /// <summary>Whether there is room for so many bytes.</summary>
    public static bool Fit(int bytes) => (bytes + 2) / 3 * 4 <= MostChars;

    public static Dictionary<string, string> Split(ReadOnlySpan<byte> ticket)
    {
        var text = Convert.ToBase64String(ticket);
        var data = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var at = 0; at < text.Length; at += PieceChars)
            data[Name(data.Count)] = text.Substring(at, Math.Min(PieceChars, text.Length - at));
        return data;
    }

    /// <summary>The data of a session whose ticket is under its own key.</summary>
    public static Dictionary<string, string> UnderKey() => new(StringComparer.Ordinal) { [Elsewhere] = "" };

    /// <summary>The ticket; null when it is under the session's own key, or the session was made for something else.</summary>
    public static byte[]? Join(IReadOnlyDictionary<string, string> data)
    {
        var text = new System.Text.StringBuilder();
        for (var n = 0; data.TryGetValue(Name(n), out var piece); n++) text.Append(piece);
        var bytes = new byte[text.Length];
        return text.Length > 0 && Convert.TryFromBase64String(text.ToString(), bytes, out var length) ? bytes[..length] : null;
    }

    private static string Name(int number) => Elsewhere + number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
