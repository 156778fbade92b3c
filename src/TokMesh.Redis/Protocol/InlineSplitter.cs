namespace TokMesh.Redis.Protocol;

/// <summary>
/// Splits an inline command into words as Redis does (<c>sdssplitargs</c>): spaces between words, double quotes with escapes,
/// single quotes with <c>\'</c> only.
/// </summary>
internal static class InlineSplitter
{
    /// <summary>
    /// Writes the words one after the other into <paramref name="text"/>, which must be as long as the line, and their places into
    /// <paramref name="ranges"/>. False for unbalanced quotes.
    /// </summary>
    public static bool TrySplit(ReadOnlySpan<byte> line, Span<byte> text, ref int[] ranges, out int words)
    {
        words = 0;
        var written = 0;
        var at = 0;
        // Redis works on C strings here: a zero byte ends the line.
        var end = line.IndexOf((byte)0);
        if (end >= 0) line = line[..end];
        while (true)
        {
            while (at < line.Length && IsSpace(line[at])) at++;
            if (at == line.Length) return true;
            var start = written;
            if (!TryWord(line, ref at, text, ref written)) return false;
            if (2 * words == ranges.Length) Array.Resize(ref ranges, ranges.Length * 2);
            ranges[2 * words] = start;
            ranges[(2 * words) + 1] = written - start;
            words++;
        }
    }

    private static bool TryWord(ReadOnlySpan<byte> line, ref int at, Span<byte> text, ref int written)
    {
        while (at < line.Length)
        {
            switch (line[at])
            {
                case (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t':
                    return true;
                case (byte)'"':
                    at++;
                    return TryDoubleQuoted(line, ref at, text, ref written);
                case (byte)'\'':
                    at++;
                    return TrySingleQuoted(line, ref at, text, ref written);
                default:
                    text[written++] = line[at++];
                    break;
            }
        }
        return true;
    }

    private static bool TryDoubleQuoted(ReadOnlySpan<byte> line, ref int at, Span<byte> text, ref int written)
    {
        while (at < line.Length)
        {
            var rest = line[at..];
            if (rest is [(byte)'\\', (byte)'x', var high, var low, ..] && char.IsAsciiHexDigit((char)high) && char.IsAsciiHexDigit((char)low))
            {
                text[written++] = (byte)((HexDigit(high) << 4) | HexDigit(low));
                at += 4;
            }
            else if (rest is [(byte)'\\', var escaped, ..])
            {
                text[written++] = escaped switch
                {
                    (byte)'n' => (byte)'\n',
                    (byte)'r' => (byte)'\r',
                    (byte)'t' => (byte)'\t',
                    (byte)'b' => (byte)'\b',
                    (byte)'a' => (byte)'\a',
                    _ => escaped,
                };
                at += 2;
            }
            else if (rest[0] == '"') return Closes(line, ref at);
            else text[written++] = line[at++];
        }
        return false;
    }

    private static bool TrySingleQuoted(ReadOnlySpan<byte> line, ref int at, Span<byte> text, ref int written)
    {
        while (at < line.Length)
        {
            if (line[at..] is [(byte)'\\', (byte)'\'', ..])
            {
                text[written++] = (byte)'\'';
                at += 2;
            }
            else if (line[at] == '\'') return Closes(line, ref at);
            else text[written++] = line[at++];
        }
        return false;
    }

    /// <summary>A closing quote must be followed by a space or by nothing.</summary>
    private static bool Closes(ReadOnlySpan<byte> line, ref int at)
    {
        at++;
        return at == line.Length || IsSpace(line[at]);
    }

    private static bool IsSpace(byte c) => c is (byte)' ' or (>= (byte)'\t' and <= (byte)'\r');

    private static int HexDigit(byte c) => c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}
